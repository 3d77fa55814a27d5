//! The oldest framework that each extra of the package names.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use super::build::tools_behind;
use crate::log::Log;
use crate::tally::Tally;

/// What the tests of an older Starlette ask by: newer ones do not take what it gives them.
const TOOLS: &str = "httpx<0.28";
/// A portal in each framework, what is stored encrypted, what calls raise, and a keyring under a key of AWS KMS.
const TESTS: [&str; 12] = [
    "test_story.py",
    "test_guards.py",
    "test_django_refusals.py",
    "test_sqlalchemy.py",
    "test_sqlalchemy_rows.py",
    "test_django_fields.py",
    "test_django_places.py",
    "test_words.py",
    "test_words_django.py",
    "test_words_others.py",
    "test_words_sqlalchemy.py",
    "../test_aws_kms.py",
];

/// All of them in one environment, in the place of those that the other tests have.
pub(super) fn oldest(log: &mut Log, wheel: &Path) -> io::Result<Tally> {
    let oldest = oldest_of_each(&fs::read_to_string(PROJECT)?);
    log.note(&format!("with {}", oldest.join(", ")))?;
    let folder = std::env::current_dir()?.join(FOLDER);
    let python = folder.join("bin/python");
    let made = log.run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?.success;
    let install = ["-m", "pip", "install", "--quiet", TOOLS];
    if !made || !log.run(Command::new(&python).args(install).args(&oldest).arg(wheel))?.success {
        return Ok(Tally::FAILED);
    }
    tools_behind(&python)?;
    let mut tests = Command::new(&python);
    tests.current_dir("bindings/python/tests/web").args(["-m", "pytest", "-q", "-k", "not postgres"]).args(TESTS);
    let tests = log.run(&mut tests)?;
    Ok(Tally::of_pytest(&tests.output).with_exit(tests.success))
}

/// What each extra requires, whose lower bound is made the one version.
fn oldest_of_each(project: &str) -> Vec<String> {
    let table = project.split("[project.optional-dependencies]").nth(1).unwrap_or_default();
    let lines = table.lines().skip(1).take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| Some(line.split('"').nth(1)?.replace(">=", "=="))).collect()
}

const PROJECT: &str = "bindings/python/pyproject.toml";
const FOLDER: &str = "target/venv-wheels/oldest";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extra_is_pinned_to_its_bound() {
        let project = "[project.optional-dependencies]\na = [\"a>=1.2\"]\nb = [\"b>=3\"]\n\n[tool]\nc = \"d>=4\"\n";
        assert_eq!(oldest_of_each(project), ["a==1.2", "b==3"]);
        assert!(oldest_of_each("").is_empty());
    }
}
