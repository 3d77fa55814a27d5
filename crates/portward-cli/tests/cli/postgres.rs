//! A key store on a server: by its URL, whose password nobody is told.

use portward_test_servers::{Durability, Postgres};

use crate::home::{Home, text};
use crate::studio::CONTRACT;

fn server() -> Option<Postgres> {
    Postgres::start(Durability::Fast).unwrap()
}

#[test]
fn a_key_store_on_a_server_is_used_as_a_file_is() {
    let Some(server) = server() else { return };
    let (home, database) = (Home::new(), server.create_database().unwrap());
    let url = server.url(&database);
    let password = url.split([':', '@']).nth(2).unwrap();
    let store = format!("--key-store={url}");
    let with = |words: &[&'static str]| [words, &[store.as_str()]].concat();
    home.write("plaintext", b"x");

    let refused = home.fails(&with(&["tenant", "census"]), 3, "store_uninitialised");
    assert!(text(&refused["error"], "message").contains("tenant new"), "{refused}");

    let made = home.ok(&with(&["tenant", "new", "studio-7"]));
    assert!(text(&made, "key_store").ends_with(&format!("/{database}")), "{made}");
    assert!(!made.to_string().contains(password), "{made}");
    home.fails(&with(&["tenant", "new", "studio-7"]), 1, "key_exists");
    home.ok(&[&["seal", "plaintext", "-o", "object"], &CONTRACT[..], &[&store]].concat());
    home.ok(&[&home.open("object", &["-o", "opened"])[..], &[&store]].concat());
    assert_eq!(home.bytes("opened"), b"x");
    assert!(!home.file("keys.db").exists());
    let opened = home.command(&home.open("object", &[])).env("PORTWARD_KEY_STORE", &url).output().unwrap();
    assert_eq!(opened.stdout, b"x");
    let help = home.command(&["--help"]).env("PORTWARD_KEY_STORE", &url).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains("PORTWARD_KEY_STORE") && !help.contains(password), "{help}");

    server.kill().unwrap();
    let refused = home.fails(&with(&["tenant", "census"]), 3, "store_unavailable");
    assert!(!refused.to_string().contains(password), "{refused}");
    server.restart().unwrap();
    let destroyed = home.ok(&with(&["tenant", "destroy", "studio-7", "--confirm=studio-7", "--backups-kept=30"]));
    assert_eq!(destroyed["keys"], 2);
    home.fails(&[&home.open("object", &["-o", "again"])[..], &[&store]].concat(), 1, "data_key_destroyed");
    assert_eq!(home.ok(&with(&["tenant", "check"]))["tombstones_added"], 0);
}

#[test]
fn a_place_is_told_from_a_path() {
    let home = Home::new();
    for wrong in ["--key-store=postgres:keys", "--key-store=sqlite:", "--key-store=mysql://host/keys"] {
        home.fails(&["tenant", "census", wrong], 2, "store_location");
    }
    home.fails(&["tenant", "census", "--key-store=mysql:keys"], 3, "file_missing");
    home.ok(&["tenant", "new", "studio-7", "--key-store=sqlite:other.db"]);
    assert!(home.beside("other.db").exists());
    home.ok(&["tenant", "census", "--key-store=other.db"]);
}
