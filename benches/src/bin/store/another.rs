//! A second process with a store of its own on the same database, which follows.

use std::env;
use std::io::{BufRead as _, BufReader, Lines, Write as _, stdin};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use portward::{Clock as _, Deployment, Keyring, SystemClock};
use portward_store::database::Location;
use portward_store::store::{Store, StoreOptions};

/// Told over its standard input, as neither keys nor passwords belong into arguments.
pub(crate) struct Another {
    process: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
}

/// The argument with which this program is the other process.
const FOLLOW: &str = "--follow";

impl Another {
    pub(crate) fn start(location: &Location, deployment: &Deployment, keyring: &Keyring) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .arg(FOLLOW)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let from = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut another = Self { to: process.stdin.take().unwrap(), from, process };
        another.say(match location {
            Location::Sqlite(path) => format!("sqlite:{}", path.display()).into_bytes(),
            Location::Postgres(url) => url.expose().as_bytes().to_vec(),
        });
        another.say(one_line(&deployment.to_json()));
        another.say(one_line(&keyring.to_json()));
        another
    }

    /// Until it has found the token valid.
    pub(crate) fn believe(&mut self, token: &str) {
        self.say(token.into());
        self.hear("valid");
    }

    /// Until it refuses the token that it believed.
    pub(crate) fn refuses(&mut self) {
        self.hear("refused");
    }

    fn say(&mut self, mut line: Vec<u8>) {
        line.push(b'\n');
        self.to.write_all(&line).unwrap();
    }

    fn hear(&mut self, word: &str) {
        assert_eq!(self.from.next().unwrap().unwrap(), word);
    }
}

impl Drop for Another {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn one_line(json: &[u8]) -> Vec<u8> {
    json.iter().copied().filter(|byte| *byte != b'\n').collect()
}

pub(crate) fn is_meant() -> bool {
    env::args().nth(1).is_some_and(|argument| argument == FOLLOW)
}

/// Polls every 500 ms, and is woken where that is possible.
pub(crate) async fn run() {
    let mut lines = stdin().lines().map(Result::unwrap);
    let location = lines.next().unwrap().parse().unwrap();
    let deployment = Arc::new(Deployment::from_json(lines.next().unwrap().as_bytes()).unwrap());
    let keyring = Arc::new(Keyring::from_json(lines.next().unwrap().as_bytes(), &deployment).unwrap());
    let store = Store::open(&location, deployment, keyring, StoreOptions::default()).await.unwrap();
    let _following = store.follow(Duration::from_millis(500));
    let is_valid = |token: &str| store.verifier().verify_link(token, SystemClock.now()).is_ok();
    for token in lines {
        wait(|| is_valid(&token)).await;
        println!("valid");
        wait(|| !is_valid(&token)).await;
        println!("refused");
    }
}

async fn wait(mut is_there: impl FnMut() -> bool) {
    while !is_there() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
