#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]
//! The corpora of the fuzz targets hold, without a fuzzer.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use portward_laws::LAWS;

const FUZZ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz");

fn inputs(law: &str) -> Vec<PathBuf> {
    let folder = Path::new(FUZZ).join("corpus").join(law);
    let files = fs::read_dir(&folder).unwrap_or_else(|_| panic!("{law} has no corpus"));
    files.map(|file| file.unwrap().path()).collect()
}

fn names(folder: &str, extension: &str) -> BTreeSet<String> {
    let files = fs::read_dir(Path::new(FUZZ).join(folder)).unwrap().map(|file| file.unwrap().path());
    let named = files.filter(|path| path.extension().is_some_and(|found| found == extension));
    named.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_input_holds() {
    // What is asked of the reference needs it; the vectors ask it the same, and the fuzzer goes over its corpus too.
    for law in LAWS.iter().filter(|law| law.name != "reference" || std::env::var_os("PORTWARD_REF_PYTHON").is_some()) {
        let inputs = inputs(law.name);
        assert!(!inputs.is_empty(), "{} has no corpus", law.name);
        for input in inputs {
            let bytes = fs::read(&input).unwrap();
            if std::panic::catch_unwind(|| (law.holds)(&bytes)).is_err() {
                panic!("{} does not hold for {}", law.name, input.display());
            }
        }
    }
}

#[test]
fn every_law_has_a_target_and_what_it_needs() {
    let laws: BTreeSet<String> = LAWS.iter().map(|law| law.name.to_owned()).collect();
    assert_eq!(names("fuzz_targets", "rs"), laws);
    assert_eq!(names("dictionaries", "dict"), laws);
    let manifest = fs::read_to_string(Path::new(FUZZ).join("Cargo.toml")).unwrap();
    for law in LAWS {
        assert!(manifest.contains(&format!("name = \"{}\"", law.name)), "{} is not in fuzz/Cargo.toml", law.name);
        assert!(inputs(law.name).iter().all(|input| fs::metadata(input).unwrap().len() <= 4096), "small inputs only");
    }
}

#[test]
fn the_seeds_are_those_of_the_vectors() {
    for (law, name, bytes) in portward_laws::seeds::all() {
        let seed = Path::new(FUZZ).join("corpus").join(law).join(&name);
        assert_eq!(fs::read(seed).ok(), Some(bytes), "{law}/{name}: cargo run -p portward-laws --example seeds");
    }
}

/// Inputs that no corpus has: the laws hold for what is made up here too, a little.
#[test]
fn every_input_holds_a_little_changed() {
    for law in LAWS.iter().filter(|law| law.name != "reference") {
        for input in inputs(law.name).into_iter().take(40) {
            let bytes = fs::read(&input).unwrap();
            for at in (0..bytes.len()).step_by(1 + bytes.len() / 8) {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << (at % 8);
                (law.holds)(&changed);
                (law.holds)(&bytes[..at]);
            }
        }
    }
}
