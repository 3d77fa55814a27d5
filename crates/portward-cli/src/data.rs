//! What is sealed or opened: from a file or a pipe into a file or a pipe.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use portward::Audience;
use portward_store::files::FileError;
use portward_store::objects::{ObjectError, WholeFile};

use crate::failure::{Exit, Failure};
use crate::global::Global;
use crate::progress::Watched;
use crate::report::{self, Report};

#[derive(Args, Debug)]
pub(crate) struct DataArguments {
    /// What to read; - or nothing for standard input
    input: Option<PathBuf>,
    /// The file to make, with mode 0600, whole or not at all; - or nothing for standard output
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Take the place of a file that is there
    #[arg(long)]
    force: bool,
    /// On how many threads
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::MIN)]
    pub(crate) threads: NonZeroUsize,
    /// No progress, and nothing said of a success
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) enum Target {
    File(WholeFile),
    Stdout(File),
}

impl DataArguments {
    /// The file to make; without one, the data goes to standard output.
    pub(crate) fn output(&self) -> Option<&Path> {
        self.output.as_deref().filter(|path| *path != Path::new("-"))
    }

    pub(crate) fn target(&self) -> Result<Target, Failure> {
        let target = match self.output() {
            None => report::stdout().map(Target::Stdout),
            Some(path) if self.force => WholeFile::replace(path).map(Target::File),
            Some(path) => WholeFile::create(path).map(Target::File),
        };
        target.map_err(|error| self.failed(ObjectError::Write(error)))
    }

    /// With a bar that shows how far it is, where somebody sees it and it is in nobody's way.
    pub(crate) fn source(&self, global: &Global) -> Result<Watched<Box<dyn Read>>, Failure> {
        let (source, length) = source(self.input.as_deref())?;
        let in_the_way = self.output().is_none() && io::stdout().is_terminal();
        let watched = io::stderr().is_terminal() && !global.json && !self.quiet && !in_the_way;
        Ok(if watched { Watched::new(source, length) } else { Watched::unseen(source, length) })
    }

    pub(crate) fn failed(&self, error: ObjectError) -> Failure {
        let failure = failed(error, self.input.as_deref(), self.output());
        if failure.code == FileError::Exists.code() { failure.hint("--force replaces it") } else { failure }
    }

    /// What is told of a success: in a pipe, nothing.
    pub(crate) fn said(&self, report: Report) -> Report {
        if self.quiet || self.output().is_none() { report.silent() } else { report }
    }

    /// The name of what was made.
    pub(crate) fn made(&self) -> String {
        self.output().unwrap_or(Path::new("-")).to_string_lossy().into_owned()
    }
}

/// What is to be read, and how long it is if that is known. `-` or nothing is standard input.
pub(crate) fn source(path: Option<&Path>) -> Result<(Box<dyn Read>, Option<u64>), Failure> {
    let Some(path) = named(path) else { return Ok((Box::new(io::stdin().lock()), None)) };
    let file = File::open(path).map_err(|error| unread(Some(path), &error))?;
    let length = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|metadata| metadata.len());
    Ok((Box::new(file), length))
}

/// What went wrong, with the file that is at fault.
pub(crate) fn failed(error: ObjectError, input: Option<&Path>, output: Option<&Path>) -> Failure {
    match error {
        ObjectError::Open(error) => error.into(),
        ObjectError::Seal(error) => error.into(),
        ObjectError::Read(error) => unread(input, &error),
        ObjectError::Write(error) => match output {
            Some(path) => Failure::file(path, FileError::writing(&error)),
            None => cut_short(&error),
        },
        other => Failure::new(other.code(), Audience::Environment, other.to_string(), Exit::Environment),
    }
}

pub(crate) fn unread(path: Option<&Path>, error: &io::Error) -> Failure {
    match named(path) {
        Some(path) => Failure::file(path, FileError::reading(error)),
        None => {
            let message = format!("standard input cannot be read ({})", error.kind());
            Failure::new("stdin_unreadable", Audience::Environment, message, Exit::Environment)
        }
    }
}

fn named(path: Option<&Path>) -> Option<&Path> {
    path.filter(|path| *path != Path::new("-"))
}

/// Of data, a reader that went away early is a loss too.
fn cut_short(error: &io::Error) -> Failure {
    let message = format!("standard output cannot be written ({}): what it got is not whole", error.kind());
    Failure::new("output_failed", Audience::Environment, message, Exit::Environment)
}
