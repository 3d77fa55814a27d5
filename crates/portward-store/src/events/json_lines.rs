use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use crate::events::{Event, EventSink, Recording, SinkError, Subject};
use crate::hex::hex;

/// One line of JSON for each event, appended to a file and synced before the operation takes effect.
pub struct JsonLines {
    file: Arc<Mutex<Lines>>,
}

struct Lines {
    file: File,
    /// The last line may be there in part.
    torn: bool,
}

impl JsonLines {
    /// Appends to this file, made with mode 0600 if it is not there.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn append_to(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).read(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        // Whoever wrote here before may have been killed.
        let torn = file.metadata()?.is_file() && !ends_a_line(&mut file)?;
        Ok(Self { file: Arc::new(Mutex::new(Lines { file, torn })) })
    }
}

impl EventSink for JsonLines {
    fn record<'a>(&'a self, event: &'a Event) -> Recording<'a> {
        let (file, line) = (Arc::clone(&self.file), line(event));
        Box::pin(async move {
            let written =
                tokio::task::spawn_blocking(move || file.lock().unwrap_or_else(PoisonError::into_inner).append(&line));
            written.await.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(SinkError::new)
        })
    }
}

impl Lines {
    fn append(&mut self, line: &str) -> io::Result<()> {
        let begin = if self.torn { "\n" } else { "" };
        self.torn = true;
        self.file.write_all(format!("{begin}{line}\n").as_bytes())?;
        self.file.sync_data()?;
        self.torn = false;
        Ok(())
    }
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
