//! `portward inspect`: what anybody can read of an object.

use std::io;
use std::path::PathBuf;

use clap::Args;
use portward::envelope::plaintext_length;
use portward_store::objects;

use crate::commands::rewrap::slots;
use crate::data;
use crate::failure::Failure;
use crate::report::{self, Report};

#[derive(Args, Debug)]
pub(crate) struct InspectArguments {
    /// The object, or - for standard input
    file: PathBuf,
}

pub(crate) fn run(arguments: &InspectArguments) -> Result<Report, Failure> {
    let file = Some(arguments.file.as_path());
    let (mut source, length) = data::source(file)?;
    // Nobody is turned away here, so there is no public answer.
    let failed = |error| Failure { public: None, ..data::failed(error, file, None) };
    let (header, header_length, read) = objects::read_header(&mut source).map_err(failed)?;
    let length = match length {
        Some(length) => length,
        None => {
            let rest = io::copy(&mut source, &mut io::sink()).map_err(|error| data::unread(file, &error))?;
            rest.saturating_add(wide(read))
        }
    };
    let body = length.saturating_sub(wide(header_length));
    let plaintext = plaintext_length(body);
    let report = Report::new()
        .fact("verified", false)
        .fact("kind", if header.slots().is_empty() { "detached" } else { "embedded" })
        .fact("suite", "AES-256-GCM in chunks of 16 KiB")
        .fact("data_key", report::hex(&header.data_key()))
        .fact("slots", slots(&header))
        .fact("body_bytes", body)
        .fact("plaintext_bytes", plaintext)
        .note("this was read without a key: anybody can write a header that says so");
    Ok(if plaintext.is_some() { report } else { report.note("the body is cut: it does not open") })
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
