//! `moto`, a Python server on loopback, over real HTTP: also the rotation of a key's material.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use portward::envelope::OpenError;

use super::{Admin, at, kms};
use crate::suite::{Case, conforms, deployment};

/// Ended by its id when it is dropped.
struct Moto {
    process: Child,
    endpoint: String,
}

impl Moto {
    fn start() -> Self {
        let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/venv-moto/bin/python");
        let mut command = Command::new(python);
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]).stdout(Stdio::null()).stderr(Stdio::piped());
        // `cargo xtask test kms` installs it.
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let said =
            lines.by_ref().map_while(Result::ok).find_map(|line| Some(line.split_once("Running on ")?.1.to_owned()));
        // What it says later has to go somewhere, or it stops.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, endpoint: said.unwrap().trim().to_owned() }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_kms_over_http_conforms() {
    let moto = Moto::start();
    let config = at(&moto.endpoint);
    let (admin, kms) = (Admin::new(config.clone()), kms(&config));
    let key = || kms.key(&admin.create_key()).unwrap();
    let (kek, other) = (key(), key());
    conforms(deployment(), (&kek, &kek), (&other, &other));
}

/// The service takes new material under the old key id, and still opens what lies under the old one.
#[test]
fn what_was_wrapped_before_a_rotation_still_opens() {
    let moto = Moto::start();
    let admin = Admin::new(at(&moto.endpoint));
    let id = admin.create_key();
    let kek = kms(&at(&moto.endpoint)).key(&id).unwrap();
    let case = Case::new(deployment());
    let before = case.wrap(&kek).unwrap();
    admin.runtime.block_on(admin.client.rotate_key_on_demand().key_id(&id).send()).unwrap();
    let after = case.wrap(&kek).unwrap();
    assert_eq!(before.kek(), after.kek());
    assert_eq!(case.unwrap(&before, &kek), Ok(()));
    assert_eq!(case.unwrap(&after, &kek), Ok(()));
    assert_eq!(Case::new(deployment()).unwrap(&before, &kek), Err(OpenError::UnwrapFailed), "and nothing else's");
}
