//! A keyring that lies under a key of AWS KMS: `moto`, a server on loopback, for each test one of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::home::{Home, text};

/// Ended by its id when it is dropped.
struct Moto {
    process: Child,
    endpoint: String,
}

/// `cargo xtask test kms` installs what it needs.
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/venv-moto/bin/python");

impl Moto {
    fn start() -> Self {
        let mut command = Command::new(PYTHON);
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let said =
            lines.by_ref().map_while(Result::ok).find_map(|line| Some(line.split_once("Running on ")?.1.to_owned()));
        // What it says later has to go somewhere, or it stops.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, endpoint: said.unwrap().trim().to_owned() }
    }

    /// Who makes keys: another hand than the command's, with the service's own client. What it prints.
    fn administer(&self, call: &str) -> String {
        let client = format!(
            "import boto3; kms = boto3.client('kms', region_name='eu-central-1', endpoint_url='{}', \
             aws_access_key_id='a', aws_secret_access_key='b'); {call}",
            self.endpoint
        );
        let output = Command::new(PYTHON).args(["-c", &client]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn new_key(&self) -> String {
        self.administer("print(kms.create_key()['KeyMetadata']['KeyId'])")
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_keyring_goes_under_a_key_of_a_service_and_back() {
    let moto = Moto::start();
    let home = Home::new()
        .with("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .with("AWS_SECRET_ACCESS_KEY", "secret")
        .with("AWS_REGION", "eu-central-1")
        .with("AWS_ENDPOINT_URL_KMS", &moto.endpoint);
    let (id, other) = (moto.new_key(), moto.new_key());
    let kek = format!("--kek=aws-kms:{id}");
    let link = home.link();
    home.fails(&["keyring", "wrap", "--generate", &kek], 2, "kek_generate");
    assert_eq!(text(&home.ok(&["keyring", "wrap", &kek]), "protection"), "kek");
    assert!(!home.file("keyring.json").exists() && home.file("keyring.wrapped.json").exists());

    let verify = ["link", "verify", &link];
    home.fails(&verify, 2, "kek_missing");
    let with_kek = ["link", "verify", &link, &kek];
    home.ok(&with_kek);
    home.fails(&["link", "verify", &link, &format!("--kek=aws-kms:{other}")], 3, "no_slot");
    home.ok(&["keyring", "add", &kek]);

    // Asked each time: where the service is not to be had, nothing opens. (`moto` does not look at the state of a key; the tests of the provider do.)
    let away = home.command(&with_kek).env("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:9").output().unwrap();
    let said = String::from_utf8(away.stderr).unwrap();
    assert!(away.status.code() == Some(3) && said.starts_with("error[kek_unavailable]: "), "{said}");
    let without = home.command(&with_kek).env_remove("AWS_SECRET_ACCESS_KEY").output().unwrap();
    assert!(String::from_utf8(without.stderr).unwrap().starts_with("error[aws_kms_environment]: "));

    // Under another key without ever lying in the clear, and back.
    home.ok(&["keyring", "wrap", &kek, &format!("--to=aws-kms:{other}")]);
    home.fails(&with_kek, 3, "no_slot");
    home.ok(&["keyring", "unseal", &format!("--kek=aws-kms:{other}")]);
    home.ok(&verify);
}
