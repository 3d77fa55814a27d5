//! What is revoked, redeemed and erased in a store.

use serde_json::json;

use crate::home::{Home, text};
use crate::studio::CONTRACT;

const TENANT: &str = "--tenant=studio-7";

fn id_of(home: &Home, token: &str) -> String {
    text(&home.ok(&["link", "verify", token]), "id")
}

/// What happened to a link, the newest first.
fn history(home: &Home, id: &str) -> Vec<String> {
    let events = home.ok(&["link", "history", id, TENANT])["events"].clone();
    events.as_array().unwrap().iter().map(|event| text(event, "what")).collect()
}

#[test]
fn redeeming_counts() {
    let home = Home::stored();
    let link = home.link_with(&["--permission=files:read", "--uses=2"]);
    let session = home.ok(&["session", "issue", &link]);
    assert_eq!(session["link_id"], id_of(&home, &link));
    let token = text(&session, "token");
    home.ok(&["session", "verify", &token, "--permission=files:read"]);
    home.refuses(&["session", "verify", &token, "--permission=files:delete"], "refused", "permission_denied");
    home.fails(&["session", "issue", &link, "--minutes=5"], 2, "usage");
    let renewed = text(&home.ok(&["session", "renew", &token]), "token");
    home.ok(&["session", "verify", &renewed]);
    home.refuses(&["session", "renew", &link], "refused", "wrong_kind");
    home.refuses(&["session", "renew", "pws_x"], "damaged", "bad_base64");
    home.ok(&["session", "issue", &link]);
    home.refuses(&["session", "issue", &link], "refused", "uses_exhausted");
    home.ok(&["session", "renew", &token]);

    let ended = home.link();
    home.ok(&["link", "edit", &id_of(&home, &ended), "--tenant=studio-7", "--ends=1"]);
    home.ok(&["link", "verify", &ended]);
    home.refuses(&["session", "issue", &ended], "refused", "link_ended");
    home.refuses(&["session", "issue", "hello"], "damaged", "bad_prefix");

    let web = home.link_with(&["--permission=files:read", "--audience=web"]);
    home.refuses(&["session", "issue", &web], "refused", "wrong_audience");
    let session = text(&home.ok(&["session", "issue", &web, "--audience=web"]), "token");
    home.refuses(&["session", "renew", &session, "--audience=app"], "refused", "wrong_audience");
    home.ok(&["session", "renew", &session, "--audience=web"]);
}

#[test]
fn what_is_revoked_is_refused_at_once_and_written_down() {
    let home = Home::stored();
    let link = home.link();
    let id = id_of(&home, &link);
    let copy = text(&home.ok(&["link", "narrow", &link, "--days=1"]), "token");
    let other = text(&home.ok(&["link", "narrow", &link, "--days=2"]), "token");
    let (one, two) = (home.ok(&["session", "issue", &link]), text(&home.ok(&["session", "issue", &other]), "token"));
    let one_token = text(&one, "token");

    home.ok(&["revoke", "session", &one_token]);
    home.refuses(&["session", "verify", &one_token], "refused", "session_revoked");
    home.refuses(&["session", "renew", &one_token], "refused", "session_revoked");
    home.ok(&["session", "verify", &two]);
    home.ok(&["revoke", "copy", &copy]);
    home.refuses(&["link", "verify", &copy], "refused", "copy_revoked");
    home.ok(&["link", "verify", &other]);
    let named = home.ok(&["link", "verify", &other])["copies"][0].clone();
    let of_copy = ["revoke", "copy", TENANT, "--id", named.as_str().unwrap(), "--link"];
    home.fails(&[&of_copy[..], &["00000000000000000000000000000000"]].concat(), 1, "link_unknown");
    home.ok(&[&of_copy[..], &[&id]].concat());
    home.refuses(&["session", "verify", &two], "refused", "copy_revoked");

    home.ok(&["revoke", "pause", "link", &link]);
    home.refuses(&["link", "verify", &link], "refused", "link_suspended");
    let again = home.fails(&["revoke", "pause", "link", &link], 1, "link_state");
    assert!(text(&again["error"], "message").contains("link show"), "{again}");
    home.ok(&["revoke", "restore", "link", TENANT, "--id", &id]);
    home.ok(&["link", "verify", &link]);
    home.fails(&["revoke", "restore", "link", &link], 1, "link_state");
    home.ok(&["revoke", "link", &link]);
    home.refuses(&["link", "verify", &link], "refused", "link_revoked");
    home.refuses(&["session", "issue", &link], "refused", "link_revoked");
    let expected = ["revoked", "restored", "paused", "copy_revoked", "copy_revoked", "redeemed", "redeemed", "issued"];
    assert_eq!(history(&home, &id), expected);
    home.fails(&["revoke", "link", TENANT, "--id=00000000000000000000000000000000"], 1, "link_unknown");
    assert!(!home.read("view.pwf").is_empty());
    assert_eq!(home.ok(&["view", "show", "--store=sqlite:store.db"])["highest_stamp"], json!(null));
}

#[test]
fn the_wider_units() {
    let home = Home::stored();
    let of = |tenant: &str, client: &str| {
        let options = [&format!("--tenant={tenant}")[..], &format!("--client={client}"), "--permission=files:read"];
        text(&home.ok(&[&["link", "issue"], &options[..]].concat()), "token")
    };
    let (anna, bert, other) = (of("t", "anna"), of("t", "bert"), of("u", "anna"));
    let quiet = home.run(&["revoke", "client", "--tenant=t", "--client=anna"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (Some(0), ""), "the store knows this tenant");
    home.refuses(&["link", "verify", &anna], "refused", "client_revoked");
    home.ok(&["link", "verify", &bert]);
    assert!(home.run(&["revoke", "tenant", "tt"]).stderr.contains("spelt right"));
    home.ok(&["revoke", "tenant", "t"]);
    home.refuses(&["link", "verify", &bert], "refused", "tenant_revoked");
    home.ok(&["link", "verify", &other]);
    home.ok(&["revoke", "everything"]);
    home.refuses(&["link", "verify", &other], "refused", "deployment_revoked");
    home.ok(&["link", "verify", &of("u", "anna")]);
}

/// By somebody who can write the database.
#[test]
fn a_spoilt_row_hinders_no_revocation() {
    let home = Home::stored();
    let options = ["--tenant=t", "--client=anna", "--permission=files:read", "--label=spoilable"];
    let issued = home.ok(&[&["link", "issue"], &options[..]].concat());
    let (link, id) = (text(&issued, "token"), text(&issued, "id"));
    home.ok(&["link", "verify", &link]);
    // A command that ends before SQLite has closed its file leaves what it wrote beside it, for the next one.
    for _ in 0..50 {
        if home.beside("store.db-wal").exists() {
            home.ok(&["store", "check"]);
        }
    }
    let mut database = std::fs::read(home.beside("store.db")).unwrap();
    let place = database.windows(9).position(|bytes| bytes == b"spoilable").unwrap();
    database[place] = b'S';
    std::fs::write(home.beside("store.db"), database).unwrap();
    home.fails(&["link", "list", "--tenant=t"], 3, "row_forged");
    home.ok(&["revoke", "link", "--tenant=t", "--id", &id]);
    home.refuses(&["link", "verify", &link], "refused", "link_revoked");
    home.ok(&["revoke", "client", "--tenant=t", "--client=anna"]);
    home.ok(&["revoke", "tenant", "t"]);
    home.refuses(&["link", "verify", &link], "refused", "tenant_revoked");
}

/// Made without the store, or before there was one.
#[test]
fn a_link_without_a_row_is_refused_all_the_same() {
    let home = Home::stored();
    let issue = ["link", "issue", TENANT, "--client=42", "--permission=files:read"];
    let (mark, aside) = (home.file("store"), home.beside("mark"));
    std::fs::rename(&mark, &aside).unwrap();
    let by_file = home.command(&issue).env_remove("PORTWARD_STORE").output().unwrap();
    std::fs::rename(&aside, &mark).unwrap();
    let link = String::from_utf8(by_file.stdout).unwrap().trim().to_owned();
    home.ok(&["link", "verify", &link]);
    home.refuses(&["session", "issue", &link], "refused", "link_unknown");
    let said = home.run(&["revoke", "pause", "link", &link]);
    assert!(said.code == Some(0) && said.stderr.contains("no row"), "{}", said.stderr);
    home.refuses(&["link", "verify", &link], "refused", "link_suspended");
    home.ok(&["revoke", "restore", "link", &link]);
    home.ok(&["link", "verify", &link]);
    home.ok(&["revoke", "link", &link]);
    home.refuses(&["link", "verify", &link], "refused", "link_revoked");
}

#[test]
fn roots_in_a_store() {
    let home = Home::stored();
    let (link, first) = (home.link(), home.active());
    let id = id_of(&home, &link);
    home.fails(&["revoke", "root", &first], 1, "root_active");
    home.fails(&["revoke", "root", "00000000"], 1, "unknown_root");
    let second = text(&home.ok(&["keyring", "add"]), "added");
    home.ok(&["keyring", "activate", &second]);
    home.ok(&["link", "verify", &link]);
    home.ok(&["revoke", "root", &first]);
    home.refuses(&["link", "verify", &link], "refused", "root_refused");
    assert_eq!(home.ok(&["link", "show", &id, TENANT])["state"], "revoked");
    home.fails(&["keyring", "activate", &first], 1, "root_refused");
    let new = home.link();
    let said = home.run(&["keyring", "retire", &first]).stderr;
    assert!(said.contains("rows of the store"), "{said}");
    home.ok(&["link", "verify", &new]);
    home.ok(&["session", "issue", &new]);
    home.ok(&["keyring", "reinstate", &first]);
    home.ok(&["store", "check"]);
}

/// Also of a store in which nothing was ever revoked.
#[test]
fn a_root_is_retired_and_the_store_goes_on() {
    let home = Home::stored();
    let (link, first, second) = (home.link(), home.active(), text(&home.ok(&["keyring", "add"]), "added"));
    home.ok(&["keyring", "activate", &second]);
    home.ok(&["link", "list", TENANT]);
    home.ok(&["keyring", "retire", &first]);
    home.refuses(&["link", "verify", &link], "refused", "unknown_root");
    let new = home.link();
    home.ok(&["link", "verify", &new]);
    home.ok(&["revoke", "link", &new]);
    home.refuses(&["link", "verify", &new], "refused", "link_revoked");
}

#[test]
fn an_erasure_is_known_to_the_store() {
    let home = Home::stored();
    home.ok(&["tenant", "new", "studio-7"]);
    home.sealed("object", b"x", &[]);
    let keys = home.read("keys.db");
    let destroy = ["tenant", "destroy", "studio-7", "--scope=file:1", "--confirm=file:1", "--backups-kept=1"];
    home.ok(&destroy);
    let changes = home.ok(&["view", "show", "--entries"])["changes"].clone();
    assert_eq!((changes.as_array().unwrap().len(), &changes[0]["change"]), (1, &json!("tombstone")));
    assert_eq!(home.ok(&["tenant", "check"])["tombstones_added"], 0);
    std::fs::write(home.file("keys.db"), keys).unwrap();
    home.refuses(&home.open("object", &["-o", "no"]), "unreadable", "data_key_destroyed");
    home.fails(&["tenant", "check"], 3, "keys_put_back");
    home.fails(&[&["seal", "plaintext", "-o", "new"], &CONTRACT[..]].concat(), 1, "key_destroyed");
    std::fs::remove_file(home.file("store")).unwrap();
    let by_file = home.command(&home.open("object", &[])).env_remove("PORTWARD_STORE").output().unwrap();
    assert_eq!(by_file.stdout, b"x", "the control: the directory's own view has not heard of it");
}
