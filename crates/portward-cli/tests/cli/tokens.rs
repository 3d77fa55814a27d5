//! Links, copies and sessions, and what revokes them.

use crate::home::{Home, text};
use serde_json::json;

#[test]
fn a_link_is_issued_inspected_and_verified() {
    let home = Home::new();
    let issued = home.ok(&["link", "issue", "--tenant=studio-7", "--client=42", "--permission=files:*", "--days=30"]);
    let token = text(&issued, "token");
    assert_eq!(
        home.run(&["link", "issue", "--tenant=a", "--client=b", "--permission=files:read"]).stdout.lines().count(),
        1
    );
    let inspected = home.ok(&["link", "inspect", &token]);
    assert_eq!((&inspected["verified"], &inspected["says_client"]), (&json!(false), &json!("42")));
    assert!(home.run(&["link", "inspect", &token]).stderr.contains("without a key"));

    let verified = home.ok(&["link", "verify", &token, "--permission=files:delete"]);
    for same in ["id", "expires_at", "link_check"] {
        assert_eq!(verified[same], issued[same]);
    }
    assert_eq!(verified["permissions"], json!(["files:read", "files:upload", "files:delete"]));
    home.refuses(&["link", "verify", &token, "--permission=messages:send"], "refused", "permission_denied");
    home.fails(&["link", "verify", &token, "--permission=files:eat"], 2, "unknown_permission");
    let piped = home.with_input(&["link", "verify", "-"], &format!("  {token}\n"));
    assert_eq!(piped.code, Some(0), "{}", piped.stderr);
}

#[test]
fn inspecting_needs_no_deployment() {
    let link = Home::new().link();
    let inspected = Home::empty().ok(&["link", "inspect", &link]);
    assert_eq!((&inspected["says_tenant"], &inspected["says_permissions"]), (&json!("studio-7"), &json!(null)));
    Home::empty().fails(&["link", "inspect", &link[1..]], 1, "bad_prefix");
}

#[test]
fn what_cannot_be_issued() {
    let home = Home::new();
    let issue = |options: &[&'static str]| [&["link", "issue", "--permission=files:read"], options].concat();
    home.fails(&issue(&["--tenant=a b", "--client=c"]), 2, "identifier_character");
    home.fails(&issue(&["--tenant=", "--client=c"]), 2, "identifier_length");
    let upper = "--tenant=C0A80101-7B1E-4B5E-9A57-2F6D3C1E0001";
    home.fails(&issue(&[upper, "--client=c"]), 2, "identifier_ambiguous");
    home.fails(&issue(&["--tenant=a", "--client=c", "--days=366"]), 2, "lifetime_over_ceiling");
    home.fails(&issue(&["--tenant=a", "--client=c", "--seconds=0"]), 2, "lifetime_zero");
    home.fails(&issue(&["--tenant=a"]), 2, "usage");
    home.ok(&issue(&["--tenant=a", "--client=c", "--seconds=1"]));
}

#[test]
fn damaged_forged_foreign_and_mistaken_tokens_are_refused() {
    let (home, other) = (Home::new(), Home::new());
    let link = home.link();
    home.ok(&["link", "verify", &link]);
    let middle = link.len() / 2;
    let mut misspelt = link.clone();
    misspelt.replace_range(middle..=middle, if &link[middle..=middle] == "A" { "B" } else { "A" });
    home.refuses(&["link", "verify", &misspelt], "damaged", "bad_checksum");
    let cut = home.run(&["link", "verify", &link[..link.len() - 4]]);
    assert_eq!((cut.code, cut.stdout.as_str()), (Some(1), "public answer: damaged\n"));
    home.refuses(&["link", "verify", "hello"], "damaged", "bad_prefix");
    home.refuses(&["link", "verify", &"x".repeat(2000)], "damaged", "too_long");
    home.refuses(&["link", "verify", &other.link()], "refused", "unknown_root");
    home.refuses(&["session", "verify", &link], "refused", "wrong_kind");
    assert_eq!(home.with_input(&["link", "verify", "-"], &"x".repeat(100_000)).code, Some(1));
}

#[test]
fn a_copy_grants_less_and_dies_alone_or_with_its_link() {
    let home = Home::new();
    let link = home.link();
    let narrow = |from: &str, options: &[&str]| text(&home.ok(&[&["link", "narrow", from], options].concat()), "token");
    let copy = narrow(&link, &["--permission=files:read", "--resource=plan.pdf", "--recipient=Anna", "--days=1"]);
    let verified = home.ok(&["link", "verify", &copy, "--permission=files:read", "--resource=plan.pdf"]);
    assert_eq!(verified["permissions"], json!(["files:read"]));
    assert_eq!(verified["resources"], json!(["plan.pdf"]));
    assert_eq!(verified["recipients"], json!(["Anna"]));
    home.refuses(&["link", "verify", &copy, "--permission=messages:send"], "refused", "permission_denied");
    home.refuses(&["link", "verify", &copy, "--permission=files:read"], "refused", "resource_required");
    let other = ["link", "verify", &copy, "--permission=files:read", "--resource=other"];
    home.refuses(&other, "refused", "resource_denied");

    let sealed = narrow(&copy, &["--seal"]);
    home.fails(&["link", "narrow", &sealed, "--days=1"], 1, "sealed");
    home.fails(&["link", "narrow", &link], 2, "empty_block");
    home.fails(&["link", "narrow", &link, "--until=tomorrow"], 2, "time");
    let past = narrow(&link, &["--until=2020-01-01T00:00:00Z"]);
    home.refuses(&["link", "verify", &past], "refused", "expired");

    home.fails(&["revoke", "copy", &link], 1, "not_a_copy");
    home.ok(&["revoke", "copy", &copy]);
    home.refuses(&["link", "verify", &copy], "refused", "copy_revoked");
    home.refuses(&["link", "verify", &sealed], "refused", "copy_revoked");
    home.ok(&["link", "verify", &link]);
    let second = narrow(&link, &["--days=1"]);
    home.ok(&["link", "verify", &second]);
    home.ok(&["revoke", "link", &second]);
    home.refuses(&["link", "verify", &link], "refused", "link_revoked");
}

/// The entry has to outlive the link, not just the copy that was in hand.
#[test]
fn an_entry_lives_as_long_as_the_link_was_signed_for() {
    let home = Home::new();
    let issued = home.ok(&["link", "issue", "--tenant=a", "--client=b", "--permission=files:read"]);
    let copy = text(&home.ok(&["link", "narrow", &text(&issued, "token"), "--days=1"]), "token");
    for command in ["copy", "link"] {
        home.ok(&["revoke", command, &copy]);
    }
    let view = home.ok(&["view", "show", "--entries"]);
    let changes = view["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2);
    assert!(changes.iter().all(|change| text(change, "expires_at") >= text(&issued, "expires_at")), "{view}");
}

#[test]
fn audiences() {
    let home = Home::new();
    let link = home.link_with(&["--permission=files:read", "--audience=web"]);
    home.refuses(&["link", "verify", &link], "refused", "wrong_audience");
    home.refuses(&["link", "verify", &link, "--audience=app"], "refused", "wrong_audience");
    home.ok(&["link", "verify", &link, "--audience=web"]);
    let session = text(&home.ok(&["session", "issue", &link, "--audience=web"]), "token");
    home.ok(&["session", "verify", &session, "--audience=web"]);
    home.ok(&["revoke", "session", &session, "--audience=web"]);
    home.ok(&["revoke", "link", &link]);
    home.refuses(&["link", "verify", &link, "--audience=web"], "refused", "link_revoked");
}

#[test]
fn sessions() {
    let home = Home::new();
    let link = home.link();
    let one = text(&home.ok(&["session", "issue", &link]), "token");
    let two = text(&home.ok(&["session", "issue", &link, "--minutes=1"]), "token");
    home.fails(&["session", "issue", &link, "--minutes=1441"], 2, "lifetime_over_ceiling");
    let verified = home.ok(&["session", "verify", &one, "--permission=files:read"]);
    assert_eq!(verified["link_id"], home.ok(&["link", "verify", &link])["id"]);
    home.refuses(&["link", "verify", &one], "refused", "wrong_kind");
    home.ok(&["revoke", "session", &one]);
    home.refuses(&["session", "verify", &one], "refused", "session_revoked");
    home.ok(&["session", "verify", &two]);
    home.ok(&["revoke", "link", &link]);
    home.refuses(&["session", "verify", &two], "refused", "link_revoked");
    home.refuses(&["session", "issue", &link], "refused", "link_revoked");
}

#[test]
fn the_wider_units() {
    let home = Home::new();
    let of = |tenant: &str, client: &str| {
        let options = [&format!("--tenant={tenant}")[..], &format!("--client={client}"), "--permission=files:read"];
        text(&home.ok(&[&["link", "issue"], &options[..]].concat()), "token")
    };
    let (anna, bert, other) = (of("t", "anna"), of("t", "bert"), of("u", "anna"));
    home.ok(&["revoke", "client", "--tenant=t", "--client=anna"]);
    home.refuses(&["link", "verify", &anna], "refused", "client_revoked");
    home.ok(&["link", "verify", &bert]);
    home.ok(&["link", "verify", &of("t", "anna")]);
    home.ok(&["revoke", "tenant", "t"]);
    home.refuses(&["link", "verify", &bert], "refused", "tenant_revoked");
    home.ok(&["link", "verify", &other]);
    home.ok(&["revoke", "everything"]);
    home.refuses(&["link", "verify", &other], "refused", "deployment_revoked");
    home.ok(&["link", "verify", &of("u", "anna")]);

    let link = home.link();
    let first = home.active();
    home.fails(&["revoke", "root", &first], 1, "root_active");
    home.fails(&["revoke", "root", "00000000"], 1, "unknown_root");
    let second = text(&home.ok(&["keyring", "add"]), "added");
    home.ok(&["keyring", "activate", &second]);
    home.ok(&["link", "verify", &link]);
    home.ok(&["revoke", "root", &first]);
    home.refuses(&["link", "verify", &link], "refused", "root_refused");
    home.ok(&["link", "verify", &home.link()]);
}

#[test]
fn a_pause_ends() {
    let home = Home::new();
    let link = home.link();
    home.ok(&["revoke", "pause", "link", &link]);
    home.refuses(&["link", "verify", &link], "refused", "link_suspended");
    home.ok(&["revoke", "restore", "link", &link]);
    let verified = home.ok(&["link", "verify", &link]);

    let by_id = ["--tenant=studio-7", "--id", verified["id"].as_str().unwrap()];
    home.ok(
        &[&["revoke", "pause", "link"], &by_id[..], &["--expires", verified["expires_at"].as_str().unwrap()]].concat()
    );
    home.refuses(&["link", "verify", &link], "refused", "link_suspended");
    home.ok(&[&["revoke", "restore", "link"], &by_id[..]].concat());
    home.ok(&["link", "verify", &link]);
    home.ok(&[&["revoke", "link"], &by_id[..]].concat());
    home.ok(&[&["revoke", "restore", "link"], &by_id[..]].concat());
    home.refuses(&["link", "verify", &link], "refused", "link_revoked");
    home.fails(&["revoke", "link", "--tenant=a", "--id=00"], 2, "entry_id");
    home.fails(&["revoke", "link"], 2, "usage");
}
