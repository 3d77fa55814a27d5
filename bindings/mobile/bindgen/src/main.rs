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
    let kotlin = Path::new(kotlin).join("dev/portward/portward_mobile.kt");
    tighten(&kotlin, KOTLIN)?;
    fs::write(&kotlin, with_checks(&fs::read_to_string(&kotlin)?))?;
    tighten(&Path::new(swift).join("Portward.swift"), SWIFT)
}

/// What a callback throws stays where it was thrown: a text of it, a stack trace even, may say more than a log should hold. And in Kotlin what
/// is no `Exception`, an `AssertionError` for instance, is caught as well: JNA would print it and go on as if nothing had been thrown.
///
/// Arrays that held a key are overwritten when they have been handed over (`Keys.kt`).
///
/// What every exception has is a member of their class, and what has one function takes a lambda.
///
/// A text that is none, and a panic, are exceptions of ours (`Texts.kt`), and `toString` throws nothing.
const KOTLIN: &[(&str, &str, usize)] = &[
    (
        "    try {\n        writeReturn(makeCall())\n    } catch(e: kotlin.Exception) {",
        "    try {\n        writeReturn(makeCall())\n    } catch(e: Throwable) {",
        2,
    ),
    ("val err = try { e.stackTraceToString() } catch(_: Throwable) { \"\" }", "val err = \"\"", 2),
    (
        "    fun toUtf8(value: String): ByteBuffer {\n",
        "    fun toUtf8(value: String): ByteBuffer {\n        checkTexts(value)\n",
        1,
    ),
    (
        "        if (status.error_buf.len > 0) {
            throw InternalException(FfiConverterString.lift(status.error_buf))
        } else {
            throw InternalException(\"Rust panic\")
        }
",
        "        RustBuffer.free(status.error_buf)\n        throw mistake()\n",
        1,
    ),
    (
        "sealed class PortwardException: kotlin.Exception() {\n",
        "sealed class PortwardException: kotlin.Exception() {
    /**
     * The stable code, in snake case, the same in every language.
     */
    abstract val `code`: kotlin.String

    /**
     * A sentence for the log. Nothing of the input is in it.
     */
    abstract val `reason`: kotlin.String

    /**
     * What whoever sent the input may be told: `damaged`, `refused` or `unavailable`.
     */
    abstract val `publicAnswer`: kotlin.String
",
        1,
    ),
    ("        val `code`: kotlin.String, \n", "        override val `code`: kotlin.String, \n", 6),
    ("        val `reason`: kotlin.String, \n", "        override val `reason`: kotlin.String, \n", 6),
    ("        val `publicAnswer`: kotlin.String\n", "        override val `publicAnswer`: kotlin.String\n", 6),
    ("public interface WorkProgress {", "public fun interface WorkProgress {", 1),
    (
        "uniffiObj.`wrap`(
                    FfiConverterByteArray.lift(`key`),
                    FfiConverterByteArray.lift(`binding`),
                )
",
        "FfiConverterByteArray.lift(`key`).spent { uniffiObj.`wrap`(it, FfiConverterByteArray.lift(`binding`)).copyOf() }\n",
        1,
    ),
    (
        "FfiConverterByteArray.lift(`wrapped`),
                    FfiConverterByteArray.lift(`binding`),
                )
            }
            val writeReturn = { value: kotlin.ByteArray -> uniffiOutReturn.setValue(FfiConverterByteArray.lower(value)) }
",
        "FfiConverterByteArray.lift(`wrapped`),
                    FfiConverterByteArray.lift(`binding`),
                )
            }
            val writeReturn = { key: kotlin.ByteArray -> key.spent { uniffiOutReturn.setValue(FfiConverterByteArray.lower(it)) } }
",
        1,
    ),
    (
        "    override fun toString(): String {\n        return FfiConverterString.lift(",
        "    override fun toString(): String = shown {\n        FfiConverterString.lift(",
        9,
    ),
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

/// Texts are looked at before anything is made of an argument. Were one refused in the midst, what had been made would stay for ever: a handle,
/// and with it a vault's key after it was closed, or a token.
fn with_checks(source: &str) -> String {
    let checked = |line: &str| match parameters(line) {
        names if names.is_empty() => format!("{line}\n"),
        names => format!("{line}\n        checkTexts({})\n", names.join(", ")),
    };
    source.lines().map(checked).collect()
}

/// Of a function that has a body. Those of uniffi itself have no backticks about their names.
fn parameters(line: &str) -> Vec<String> {
    let own = line.split_once("fun `").and_then(|(_, own)| own.split_once('(')).filter(|_| line.ends_with('{'));
    own.map_or_else(Vec::new, |(_, rest)| rest.split('`').skip(1).step_by(2).map(|name| format!("`{name}`")).collect())
}
