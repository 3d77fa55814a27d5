//! Generates Kotlin and Swift from a library that was not stripped: `portward-mobile-bindgen LIBRARY KOTLIN_FOLDER SWIFT_FOLDER`.

#![forbid(unsafe_code)]

use std::error::Error;
use std::fs;
use std::path::Path;

use uniffi_bindgen::bindings::{GenerateOptions, TargetLanguage, generate};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [library, kotlin, swift] = arguments.as_slice() else {
        return Err("LIBRARY KOTLIN_FOLDER SWIFT_FOLDER".into());
    };
    for (language, folder) in [(TargetLanguage::Kotlin, kotlin), (TargetLanguage::Swift, swift)] {
        let options = GenerateOptions {
            languages: vec![language],
            source: library.into(),
            out_dir: folder.into(),
            metadata_no_deps: true,
            ..GenerateOptions::default()
        };
        generate(options)?;
    }
    tighten(&Path::new(kotlin).join("dev/portward/portward_mobile.kt"), KOTLIN)?;
    tighten(&Path::new(swift).join("Portward.swift"), SWIFT)
}

/// What a callback throws stays where it was thrown: a text of it, a stack trace even, may say more than a log should hold. And in Kotlin what
/// is no `Exception`, an `AssertionError` for instance, is caught as well: JNA would print it and go on as if nothing had been thrown.
const KOTLIN: &[(&str, &str, usize)] = &[
    (
        "    try {\n        writeReturn(makeCall())\n    } catch(e: kotlin.Exception) {",
        "    try {\n        writeReturn(makeCall())\n    } catch(e: Throwable) {",
        2,
    ),
    ("val err = try { e.stackTraceToString() } catch(_: Throwable) { \"\" }", "val err = \"\"", 2),
];
const SWIFT: &[(&str, &str, usize)] = &[("String(describing: error)", "\"\"", 2)];

/// Replaces each text, which has to be there so many times.
fn tighten(path: &Path, changes: &[(&str, &str, usize)]) -> Result<(), Box<dyn Error>> {
    let mut text = fs::read_to_string(path)?;
    for (from, to, times) in changes {
        let found = text.matches(from).count();
        if found != *times {
            return Err(format!("{}: `{from}` is there {found} times, not {times}", path.display()).into());
        }
        text = text.replace(from, to);
    }
    Ok(fs::write(path, text)?)
}
