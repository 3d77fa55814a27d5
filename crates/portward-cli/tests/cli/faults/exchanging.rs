//! What is revoked, on its way from one directory to another.

use super::{FAULTS, WRITES, stands, sweep};
use crate::home::Home;
use crate::views::twin;

/// The file is what it was, or what it was to be; a reader takes either.
#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn exporting_a_view() {
    let home = Home::new();
    let reader = twin(&home);
    let message = home.beside("message.pwf").to_str().unwrap().to_owned();
    let list = home.beside("list.pwf").to_str().unwrap().to_owned();
    for (file, command) in
        [(&message, vec!["view", "export", &message]), (&list, vec!["view", "publish", &list, "--hours=1"])]
    {
        home.ok(&command);
        sweep(&home, &[&FAULTS, &WRITES], |faulty| {
            let link = home.link();
            let before = std::fs::read(file).unwrap();
            home.ok(&["revoke", "link", &link]);
            let ran = faulty(&command);
            let is_new = std::fs::read(file).unwrap() != before;
            assert_eq!(is_new, stands(&ran), "an error says which: {ran:?}");
            reader.ok(&["view", "import", file]);
            let refused = reader.run(&["link", "verify", &link]).code == Some(1);
            assert_eq!(refused, is_new);
        });
    }
}

/// Not taken in, or taken in: what was revoked before stays so, and the same again ends it.
#[test]
#[ignore = "it needs strace: cargo xtask test faults"]
fn importing_a_view() {
    let home = Home::new();
    let reader = twin(&home);
    let message = home.beside("message.pwf").to_str().unwrap().to_owned();
    let before = home.link();
    home.ok(&["revoke", "link", &before]);
    home.ok(&["view", "export", &message]);
    let import = ["view", "import", message.as_str()];
    reader.ok(&import);
    sweep(&reader, &[&FAULTS, &WRITES], |faulty| {
        let link = home.link();
        home.ok(&["revoke", "link", &link]);
        home.ok(&["view", "export", &message]);
        let ran = faulty(&import);
        let refused = reader.run(&["link", "verify", &link]).code == Some(1);
        assert!(refused || ran.code != Some(0), "what is acknowledged is taken in: {ran:?}");
        reader.refuses(&["link", "verify", &before], "refused", "link_revoked");
        reader.ok(&import);
        reader.refuses(&["link", "verify", &link], "refused", "link_revoked");
    });
}
