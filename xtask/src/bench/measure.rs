//! Reads what criterion measured, and what other programs print.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::SystemTime;

use serde_json::Value;

/// Nanoseconds or what else it is, by the id of the benchmark.
pub(crate) type Measured = BTreeMap<String, f64>;

/// A line of JSON with an id, and what was measured under this name.
pub(crate) fn of_line(line: &str, name: &str) -> Option<(String, f64)> {
    let value: Value = serde_json::from_str(line).ok()?;
    Some((value.get("id")?.as_str()?.to_owned(), value.get(name)?.as_f64()?))
}

/// The medians below criterion's folder that are not older than `since`, so that one table holds one run.
pub(crate) fn read(folder: &Path, since: SystemTime) -> io::Result<Measured> {
    let mut measured = Measured::new();
    collect(folder, since, &mut measured)?;
    Ok(measured)
}

fn collect(folder: &Path, since: SystemTime, measured: &mut Measured) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.ends_with("new") {
            if fs::metadata(path.join("estimates.json"))?.modified()? >= since {
                measured.extend(median(&path)?);
            }
        } else if path.is_dir() {
            collect(&path, since, measured)?;
        }
    }
    Ok(())
}

/// The id and the median; criterion shortens folder names, `benchmark.json` has the id in full.
fn median(folder: &Path) -> io::Result<Option<(String, f64)>> {
    let json = |name: &str| -> io::Result<Value> { Ok(serde_json::from_slice(&fs::read(folder.join(name))?)?) };
    let benchmark = json("benchmark.json")?;
    let estimates = json("estimates.json")?;
    let id = benchmark.get("full_id").and_then(Value::as_str);
    let median = estimates.pointer("/median/point_estimate").and_then(Value::as_f64);
    Ok(id.map(str::to_owned).zip(median))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn fresh_medians_are_found_and_stale_ones_are_not() {
        let root = Path::new("../target/xtask/tests/criterion");
        let new = root.join("verify/ours/new");
        fs::create_dir_all(&new).unwrap();
        fs::create_dir_all(root.join("report")).unwrap();
        fs::write(new.join("benchmark.json"), r#"{"group_id": "verify", "full_id": "verify/ours"}"#).unwrap();
        fs::write(new.join("estimates.json"), r#"{"mean": {}, "median": {"point_estimate": 412.5}}"#).unwrap();

        let measured = read(root, SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(measured, Measured::from([("verify/ours".to_owned(), 412.5)]));
        let later = SystemTime::now() + Duration::from_secs(60);
        assert!(read(root, later).unwrap().is_empty());
        assert!(read(Path::new("absent"), later).unwrap().is_empty());
    }
}
