use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;

use crate::account::Account;
use crate::process::{family, is_alive, signal, wait_until};
use crate::warden::Warden;

/// A server of whatever kind: a private directory, a port, a password, and a process that may be gone.
pub(crate) struct Server {
    pub(crate) account: Account,
    pub(crate) directory: PathBuf,
    pub(crate) port: u16,
    pub(crate) password: String,
    running: Mutex<Running>,
}

struct Running {
    /// Keeps the port until the first start.
    kept: Option<TcpListener>,
    child: Option<Child>,
    warden: Warden,
}

const READY: Duration = Duration::from_secs(60);
const GONE: Duration = Duration::from_secs(20);

impl Server {
    /// Nothing is started yet. `stop` is the signal that ends it in an orderly way.
    pub(crate) fn new(kind: &str, stop: &str, password: String) -> io::Result<Self> {
        let account = Account::find()?;
        let directory = tempfile::Builder::new().prefix(&format!("portward-{kind}-")).tempdir()?.keep();
        let warden = Warden::new(stop, &directory)?;
        account.own(&directory)?;
        let kept = free_port()?;
        let port = kept.local_addr()?.port();
        let running = Mutex::new(Running { kept: Some(kept), child: None, warden });
        Ok(Self { account, directory, port, password, running })
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub(crate) fn command(&self, program: &Path) -> Command {
        self.account.command(program, &self.directory)
    }

    /// Starts the process and waits for it. What is running stays.
    pub(crate) fn start(&self, command: &mut Command, mut is_ready: impl FnMut() -> bool) -> io::Result<()> {
        let mut running = self.running();
        if running.child.is_some() {
            return Err(io::Error::other("it runs already"));
        }
        running.kept = None;
        let log = OpenOptions::new().create(true).append(true).open(self.file("log"))?;
        let mut child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        running.warden.watch(Some(child.id()))?;
        let ready = wait_until("the server is ready", READY, || match child.try_wait()? {
            Some(status) => Err(io::Error::other(format!("the server ended: {status}"))),
            None => Ok(is_ready()),
        });
        running.child = Some(child);
        drop(running);
        ready.map_err(|error| {
            let log = fs::read_to_string(self.file("log")).unwrap_or_default();
            // Not to be mistaken for one that runs.
            let _ = self.kill();
            io::Error::other(format!("{error}; its log: {log}"))
        })
    }

    /// Kills the process and all that it started, and waits until they are gone.
    pub(crate) fn kill(&self) -> io::Result<()> {
        let mut running = self.running();
        let Some(mut child) = running.child.take() else { return Ok(()) };
        // Stopped first, so that it starts nothing more.
        signal(child.id(), Signal::STOP)?;
        let family = family(child.id())?;
        family.iter().try_for_each(|id| signal(*id, Signal::KILL))?;
        child.wait()?;
        running.warden.watch(None)?;
        wait_until("the server is gone", GONE, || Ok(!family.iter().any(|id| is_alive(*id))))
    }

    /// A signal to the process and all that it started.
    pub(crate) fn signal_all(&self, sent: Signal) -> io::Result<()> {
        let running = self.running();
        let child = running.child.as_ref().ok_or_else(|| io::Error::other("it does not run"))?;
        // Its head first: what is stopped starts nothing more.
        signal(child.id(), sent)?;
        family(child.id())?.iter().try_for_each(|id| signal(*id, sent))
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let running = self.running.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(mut child) = running.child.take() else { return };
        // The warden stops it; somebody has to ask how it ended.
        running.warden.dismiss();
        let _ = child.wait();
    }
}

/// Not of those that the system gives to connections, which would take it while a server that was killed is away.
fn free_port() -> io::Result<TcpListener> {
    for _ in 0..100 {
        let port = u16::from_ne_bytes(random()?).wrapping_rem(12_000).saturating_add(20_000);
        match TcpListener::bind(("127.0.0.1", port)) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            bound => return bound,
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

/// A new one.
pub(crate) fn password() -> io::Result<String> {
    Ok(random::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}
