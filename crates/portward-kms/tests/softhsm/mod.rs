use std::env;
use std::fs;
use std::process::Command;

pub(crate) const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
pub(crate) const LABEL: &str = "portward";
pub(crate) const PIN: &str = "1234";
const INSIDE: &str = "PORTWARD_IN_TOKEN";

/// Runs the test of this name once more, in a process that has a token of its own: the module reads where its tokens lie from the
/// environment, when it is loaded.
pub(crate) fn in_token(test: &str, body: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        return body();
    }
    let folder = tempfile::tempdir().unwrap();
    let configuration = folder.path().join("softhsm2.conf");
    let tokens = folder.path().join("tokens");
    fs::create_dir(&tokens).unwrap();
    let text = format!("directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n", tokens.display());
    fs::write(&configuration, text).unwrap();
    let init = ["--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "5678"];
    let made = Command::new("softhsm2-util").args(init).env("SOFTHSM2_CONF", &configuration).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let again = Command::new(env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env("SOFTHSM2_CONF", &configuration)
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success() && said.contains("1 passed"), "{said}\n{}", String::from_utf8_lossy(&again.stderr));
}
