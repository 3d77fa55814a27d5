use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use serde_json::json;
use tokio::sync::oneshot;

use crate::events::{Event, EventSink, Recording, SinkError, Subject};
use crate::hex::hex;

/// One line of JSON for each event, appended to a file and synced before the operation takes effect.
///
/// Several processes may append to one file. One that was moved away, by who rotates logs, is made anew. Not for use behind a fork: open it
/// again there.
pub struct JsonLines {
    waiting: SyncSender<Waiting>,
}

/// A line, and who waits for it.
type Waiting = (String, oneshot::Sender<io::Result<()>>);

/// More than that wait only where the medium stands still.
const QUEUE: usize = 64;

impl JsonLines {
    /// Appends to this file, made with mode 0600 if it is not there.
    ///
    /// # Errors
    /// What the operating system says; [`io::ErrorKind::PermissionDenied`] for a file that others may write, and a link is not followed.
    pub fn append_to(path: &Path) -> io::Result<Self> {
        let mut lines = Lines { path: path.to_owned(), file: open(path)? };
        let (waiting, lines_to_write) = sync_channel::<Waiting>(QUEUE);
        // Of its own, so that neither a runtime that ends nor work of others waits for a medium that stands still.
        thread::Builder::new().name("portward-events".into()).spawn(move || lines.write_all(&lines_to_write))?;
        Ok(Self { waiting })
    }
}

impl EventSink for JsonLines {
    fn record<'a>(&'a self, event: &'a Event) -> Recording<'a> {
        let (answer, answered) = oneshot::channel();
        let sent = self.waiting.try_send((line(event), answer)).map_err(|error| match error {
            TrySendError::Full(_) => io::Error::from(io::ErrorKind::WouldBlock),
            TrySendError::Disconnected(_) => io::Error::from(io::ErrorKind::BrokenPipe),
        });
        Box::pin(async move {
            sent.map_err(SinkError::new)?;
            answered.await.unwrap_or_else(|gone| Err(io::Error::other(gone))).map_err(SinkError::new)
        })
    }
}

struct Lines {
    path: PathBuf,
    file: File,
}

impl Lines {
    fn write_all(&mut self, waiting: &Receiver<Waiting>) {
        for (line, answer) in waiting {
            // Whoever has given it up has not done it.
            if !answer.is_closed() {
                let _ = answer.send(self.append(&line));
            }
        }
    }

    fn append(&mut self, line: &str) -> io::Result<()> {
        if !is_at(&self.file, &self.path) {
            self.file = open(&self.path)?;
        }
        if !self.file.metadata()?.is_file() {
            self.file.write_all(format!("{line}\n").as_bytes())?;
            return self.file.flush();
        }
        lock(&self.file)?;
        let written = self.append_alone(line);
        unlock(&self.file)?;
        written
    }

    /// Whoever wrote the last line may have been killed in the middle of it.
    fn append_alone(&mut self, line: &str) -> io::Result<()> {
        let begin = if ends_a_line(&mut self.file)? { "" } else { "\n" };
        self.file.write_all(format!("{begin}{line}\n").as_bytes())?;
        self.file.sync_data()
    }
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};

    let mut options = OpenOptions::new();
    options.read(true).append(true).mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    let (file, is_new) = match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => (options.open(path)?, false),
        made => (made?, true),
    };
    if is_new {
        crate::files::sync_parent(path).map_err(io::Error::other)?;
    }
    let found = file.metadata()?;
    if found.is_file() && found.mode() & 0o022 != 0 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "others may write the file of events"));
    }
    Ok(file)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).read(true).append(true).open(path)
}

/// Whether the file is still the one of this name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let named = |found: std::fs::Metadata| (found.dev(), found.ino());
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(open), Ok(there)) => named(open) == named(there),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(unix)]
fn lock(file: &File) -> io::Result<()> {
    use rustix::fs::{FlockOperation, flock};

    loop {
        match flock(file, FlockOperation::LockExclusive) {
            Err(rustix::io::Errno::INTR) => {}
            done => return Ok(done?),
        }
    }
}

#[cfg(unix)]
fn unlock(file: &File) -> io::Result<()> {
    Ok(rustix::fs::flock(file, rustix::fs::FlockOperation::Unlock)?)
}

/// Writers of several processes are told apart on Unix only.
#[cfg(not(unix))]
fn lock(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn unlock(_: &File) -> io::Result<()> {
    Ok(())
}

/// Or is empty.
fn ends_a_line(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

fn line(event: &Event) -> String {
    let Event { at, actor, operation, tenant, subject, detail } = event;
    let subject = subject.as_ref().map(|subject| match subject {
        Subject::Entry(id) => json!({ "id": hex(id) }),
        Subject::Client(client) => json!({ "client": client.to_string() }),
        Subject::Scope(scope) => json!({ "scope": scope.as_str() }),
        Subject::Root(root) => json!({ "root": root.to_string() }),
    });
    let tenant = tenant.map(|tenant| tenant.to_string());
    json!({ "at": at.unix(), "actor": actor, "operation": operation.name(), "tenant": tenant, "subject": subject, "detail": detail })
        .to_string()
}
