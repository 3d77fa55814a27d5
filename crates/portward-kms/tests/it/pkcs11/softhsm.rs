use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use portward_kms::{Pkcs11Options, Pkcs11Token};

pub(crate) const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
pub(crate) const LABEL: &str = "portward";
pub(crate) const PIN: &str = "1234";
/// Says where the tokens lie, to the process that has them.
const INSIDE: &str = "PORTWARD_IN_TOKEN";

/// Runs the test of this name, with its modules, once more, in a process that has a token of its own: the module reads where its tokens lie from the
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
        .env(INSIDE, &tokens)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success() && said.contains("1 passed"), "{said}\n{}", String::from_utf8_lossy(&again.stderr));
}

/// Where this process's tokens lie.
pub(crate) fn tokens() -> PathBuf {
    env::var_os(INSIDE).unwrap().into()
}

pub(crate) fn token() -> Arc<Pkcs11Token> {
    Pkcs11Token::open(Path::new(MODULE), LABEL, AuthPin::new(PIN.into()), Pkcs11Options::default()).unwrap()
}

/// Somebody else's session of the same token, in the same process.
pub(crate) fn other_hand(act: impl FnOnce(&Session)) {
    let context = Pkcs11::new(MODULE).unwrap();
    let _ = context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    let slot = context.get_slots_with_initialized_token().unwrap()[0];
    let session = context.open_rw_session(slot).unwrap();
    let _ = session.login(UserType::User, Some(&AuthPin::new(PIN.into())));
    act(&session);
}
