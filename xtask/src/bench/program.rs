//! Programs in other languages, which print a line of JSON for each measurement.

use std::io;
use std::process::{Command, Stdio};

use super::measure;

/// Runs one; whether it came to its end, and what it printed. One that is absent, or fails, is named.
pub(crate) fn run(command: &mut Command) -> io::Result<(bool, Vec<(String, f64)>)> {
    let (success, text) = printed(command)?;
    Ok((success, text.lines().filter_map(|line| measure::of_line(line, "ns")).collect()))
}

/// The same of any text.
pub(crate) fn printed(command: &mut Command) -> io::Result<(bool, String)> {
    let output = match command.envs(ALLOCATOR).stderr(Stdio::inherit()).output() {
        Ok(output) => output,
        Err(error) => {
            println!("{} is skipped: {error}", command.get_program().display());
            return Ok((false, String::new()));
        }
    };
    if !output.status.success() {
        println!("{}: {}", command.get_program().display(), output.status);
    }
    Ok((output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// That glibc keeps large pieces of memory for the next call. Otherwise it gives them back and takes them anew, or not, by its mood, and a peer
/// that seals 1 MiB in 130 µs may be said to take 1100. Ours takes the same with it and without.
const ALLOCATOR: [(&str, &str); 2] = [("MALLOC_MMAP_THRESHOLD_", "268435456"), ("MALLOC_TRIM_THRESHOLD_", "268435456")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_read_line_by_line_and_an_absent_one_is_skipped() {
        let printed = r#"{"id": "seal-64B/tink", "ns": 1601.5}"#;
        let measured = run(Command::new("printf").arg(format!("{printed}\nsomething else\n"))).unwrap();
        assert_eq!(measured, (true, vec![("seal-64B/tink".to_owned(), 1601.5)]));
        assert_eq!(run(&mut Command::new("absent-program")).unwrap(), (false, vec![]));
        assert!(!run(&mut Command::new("false")).unwrap().0);
    }
}
