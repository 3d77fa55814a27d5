//! What the parser of the command line has to say: help and version on standard output, mistakes like any other error.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use serde_json::json;

use crate::{failure, report};

pub(crate) fn print(error: &clap::Error, json: bool) -> ExitCode {
    let text = error.render().to_string();
    match error.kind() {
        // Who asks whether a token is good, and is sent `--help` for one, must not take this for a yes.
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let told = failure::finish(report::to_stdout(&text), json);
            return if std::env::args_os().any(|word| word == "verify") { ExitCode::from(2) } else { told };
        }
        _ if json => {
            let arguments = named(error);
            let message = message(&text, &arguments);
            let error = json!({ "code": "usage", "audience": "caller", "message": message, "arguments": arguments });
            report::to_stderr(&format!("{}\n", json!({ "error": error })));
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => report::to_stderr(&text),
        _ => report::to_stderr(&text.replacen("error: ", "error[usage]: ", 1)),
    }
    ExitCode::from(2)
}

/// What is missing or wrong; where a command is missing, those that there are.
fn named(error: &clap::Error) -> Vec<String> {
    let kinds: &[_] = match error.kind() {
        ErrorKind::MissingSubcommand => &[ContextKind::ValidSubcommand],
        _ => &[ContextKind::InvalidArg, ContextKind::InvalidSubcommand],
    };
    let names = kinds.iter().filter_map(|kind| error.get(*kind)).flat_map(|value| match value {
        ContextValue::String(name) => vec![name.clone()],
        ContextValue::Strings(names) => names.clone(),
        _ => Vec::new(),
    });
    names.collect()
}

fn message(text: &str, arguments: &[String]) -> String {
    let first = text.trim_start_matches("error: ").lines().next().unwrap_or_default();
    if first.ends_with(':') { format!("{first} {}", arguments.join(", ")) } else { first.into() }
}
