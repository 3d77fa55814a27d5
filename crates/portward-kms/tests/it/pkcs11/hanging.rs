//! A token that gives no answer: SoftHSM waits for whoever holds the locks of its files.

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cryptoki::types::AuthPin;
use portward_kms::{Pkcs11Options, Pkcs11Token, TokenError};

use super::softhsm::{LABEL, MODULE, PIN, in_token, token, tokens};
use crate::suite::survives_a_hanging_part;

/// Holds every file of the tokens: locks of a process are for others than itself.
const HOLD: &str = "
import fcntl, sys
held = [open(path, 'r+b') for path in sys.argv[1:]]
for file in held:
    fcntl.lockf(file, fcntl.LOCK_EX)
print('held', flush=True)
sys.stdin.read()
";

struct Held(Child);

impl Held {
    fn all() -> Self {
        let folders = fs::read_dir(tokens()).unwrap().map(|folder| folder.unwrap().path());
        let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()));
        let mut holder = Command::new("python3");
        holder.arg("-c").arg(HOLD).args(files).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = holder.spawn().unwrap();
        let mut said = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "held\n");
        Self(holder)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

const DEADLINE: Duration = Duration::from_secs(2);

fn open() -> Result<Arc<Pkcs11Token>, TokenError> {
    Pkcs11Token::open(Path::new(MODULE), LABEL, AuthPin::new(PIN.into()), Pkcs11Options { deadline: DEADLINE })
}

#[test]
fn a_token_that_hangs_is_unavailable_in_time() {
    in_token("pkcs11::hanging::a_token_that_hangs_is_unavailable_in_time", || {
        token().generate(b"kek", 0).unwrap();
        let kek = open().unwrap().key(b"kek", 0).unwrap();
        let held = RefCell::new(None);
        let (pause, resume) = (|| drop(held.replace(Some(Held::all()))), || drop(held.replace(None)));
        survives_a_hanging_part(&kek, DEADLINE, [&pause, &resume]);
    });
}

/// Nor is it waited for where it is opened, and let go.
#[test]
fn a_token_that_hangs_is_not_waited_for_at_its_end() {
    in_token("pkcs11::hanging::a_token_that_hangs_is_not_waited_for_at_its_end", || {
        token().generate(b"kek", 0).unwrap();
        let opened = open().unwrap();
        assert!(opened.key(b"kek", 0).is_ok(), "the control");
        let held = Held::all();
        let begun = Instant::now();
        assert_eq!(opened.key(b"kek", 0).err(), Some(TokenError::Unavailable));
        assert_eq!(opened.generate(b"other", 0).err(), Some(TokenError::Unavailable));
        drop(opened);
        assert!(begun.elapsed() < DEADLINE * 8, "{:?}", begun.elapsed());
        drop(held);
        let begun = Instant::now();
        while open().and_then(|token| token.key(b"kek", 0)).is_err() && begun.elapsed() < Duration::from_secs(30) {}
        assert!(token().key(b"kek", 0).is_ok());
    });
}
