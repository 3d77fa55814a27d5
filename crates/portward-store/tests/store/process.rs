//! Other processes of a deployment: this test binary once more, told by its environment what to do.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use portward::{Clock as _, Deployment, Keyring, SystemClock};
use portward_store::store::{LinkTerms, Store, StoreOptions, Target};

use crate::world::{World, tenant};

/// For how long the views of these processes are believed.
pub(crate) const STALE: Duration = Duration::from_secs(2);

pub(crate) struct Process {
    child: Child,
    asks: ChildStdin,
    says: BufReader<ChildStdout>,
}

impl Process {
    /// One that follows, and says of each token that it is given what it is good for.
    pub(crate) fn verifier(world: &World) -> Self {
        Self::start(world, "verifier")
    }

    /// One that issues, redeems and revokes as fast as it can, and says what it has done.
    pub(crate) fn worker(world: &World) -> Self {
        Self::start(world, "worker")
    }

    /// A worker none of whose files may grow beyond so many blocks of 512 bytes: its disk is full, so to say.
    pub(crate) fn worker_on_a_small_disk(world: &World, blocks: u32) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"]);
        Self::start_by(shell.arg(std::env::current_exe().unwrap()), world, "worker")
    }

    fn start(world: &World, role: &str) -> Self {
        Self::start_by(&mut Command::new(std::env::current_exe().unwrap()), world, role)
    }

    fn start_by(command: &mut Command, world: &World, role: &str) -> Self {
        let directory = world.directory();
        std::fs::write(directory.join("deployment.json"), world.deployment.to_json()).unwrap();
        std::fs::write(directory.join("keyring.json"), world.keyring.to_json().as_slice()).unwrap();
        std::fs::write(directory.join("location"), world.location_text()).unwrap();
        let mut child = command
            .args(["--exact", "process::this_process", "--ignored", "--nocapture"])
            .env("PORTWARD_TEST_ROLE", role)
            .env("PORTWARD_TEST_DIRECTORY", directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (asks, says) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut process = Self { child, asks, says };
        assert_eq!(process.said().as_deref(), Some("ready"), "it is there");
        process
    }

    /// What it says of a link or session: `ok`, or a code.
    pub(crate) fn verify(&mut self, token: &str) -> String {
        writeln!(self.asks, "{token}").unwrap();
        self.said().unwrap()
    }

    /// The next thing that it says, `None` at its end. A line that was cut off was not said.
    pub(crate) fn said(&mut self) -> Option<String> {
        loop {
            let line = self.line()?;
            if let Some(said) = line.strip_prefix("> ") {
                return Some(said.to_owned());
            }
        }
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.says.read_line(&mut line).unwrap();
        line.strip_suffix('\n').map(str::to_owned)
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by other tests as a process of its own"]
async fn this_process() {
    let (Ok(role), Some(directory)) =
        (std::env::var("PORTWARD_TEST_ROLE"), std::env::var_os("PORTWARD_TEST_DIRECTORY"))
    else {
        return;
    };
    let store = open(Path::new(&directory)).await;
    let _following = store.follow(Duration::from_millis(200));
    say("ready");
    match role.as_str() {
        "verifier" => verify(&store).await,
        _ => work(&store).await,
    }
}

async fn open(directory: &Path) -> Store {
    let read = |name: &str| std::fs::read(directory.join(name)).unwrap();
    let deployment = Deployment::from_json(&read("deployment.json")).unwrap();
    let keyring = Arc::new(Keyring::from_json(&read("keyring.json"), &deployment).unwrap());
    let location = String::from_utf8(read("location")).unwrap().parse().unwrap();
    let options = StoreOptions { max_staleness: STALE, ..StoreOptions::default() };
    Store::open(&location, Arc::new(deployment), keyring, options).await.unwrap()
}

fn say(what: &str) {
    // One write, so that a line is there whole or is no line.
    std::io::stdout().write_all(format!("\n> {what}\n").as_bytes()).unwrap();
    std::io::stdout().flush().unwrap();
}

async fn verify(store: &Store) {
    for token in std::io::stdin().lines() {
        let (token, now) = (token.unwrap(), SystemClock.now());
        let verified = match token.starts_with("pws_") {
            true => store.verifier().verify_session(&token, now).map(drop),
            false => store.verifier().verify_link(&token, now).map(drop),
        };
        say(verified.map_or_else(|error| error.code(), |()| "ok"));
    }
}

async fn work(store: &Store) {
    let permissions = store.deployment().vocabulary.expand(["files:*"]).unwrap();
    let request = portward::LinkRequest::new(tenant(), "42".parse().unwrap(), permissions);
    loop {
        let (token, link) = store.issue(&request, LinkTerms::default()).await.unwrap();
        say(&format!("issued {}", token.text()));
        for _ in 0..2 {
            let peeked = store.peek(token.text(), None).unwrap();
            store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.unwrap();
            say(&format!("redeemed {} {}", token.text(), peeked.nonce));
        }
        store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
        say(&format!("revoked {}", token.text()));
    }
}
