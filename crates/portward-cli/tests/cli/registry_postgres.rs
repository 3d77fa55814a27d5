//! The whole life of a store on a real server.

use portward_test_servers::{Durability, Postgres};
use serde_json::json;

use crate::home::{Home, text};

#[test]
fn a_store_lives_on_postgresql() {
    let Some(server) = Postgres::start(Durability::Fast).unwrap() else { return };
    let database = server.create_database().unwrap();
    let url = server.url(&database);
    // The password comes from the environment, as with psql.
    let (user, rest) = url.strip_prefix("postgres://").unwrap().split_once(':').unwrap();
    let (password, place) = rest.split_once('@').unwrap();
    let home = Home::new().with("PORTWARD_STORE", format!("postgres://{user}@{place}"));
    home.fails(&["store", "status"], 3, "store_denied");
    let home = home.with("PGPASSWORD", password);
    let uninitialised = home.fails(&["store", "status"], 3, "store_uninitialised");
    assert!(text(&uninitialised["error"], "message").contains("store init"), "{uninitialised}");
    assert_eq!(home.ok(&["store", "init"])["store"], "postgres");
    home.ok(&["store", "status", &format!("--store={url}")]);
    let file = home.secret("pgpass", &format!("*:*:*:*:{password}\n"));
    let by_file = home.command(&["store", "status"]).env_remove("PGPASSWORD").env("PGPASSFILE", file).output().unwrap();
    assert!(by_file.status.success());

    let tenant = "--tenant=studio-7";
    let link = home.link_with(&["--permission=files:*", "--label=Ärger", "--uses=2", "--days=30"]);
    let id = text(&home.ok(&["link", "verify", &link]), "id");
    assert_eq!(home.ok(&["link", "list", tenant, "--label=rger", "--state=active"])["links"][0]["id"], id.as_str());
    let session = text(&home.ok(&["session", "issue", &link]), "token");
    home.ok(&["session", "verify", &session]);
    home.fails(&["link", "edit", &id, tenant, "--ends-in-days=31"], 1, "over_ceiling");
    home.ok(&["link", "edit", &id, tenant, "--ends-in-days=7", "--resource=plan.pdf"]);
    home.refuses(&["session", "verify", &session], "refused", "session_superseded");
    let session = text(&home.ok(&["session", "renew", &session]), "token");
    home.ok(&["session", "verify", &session]);
    assert_eq!(home.ok(&["link", "show", &id, tenant, "--token"])["token"], link.as_str());
    home.ok(&["session", "issue", &link]);
    home.refuses(&["session", "issue", &link], "refused", "uses_exhausted");
    home.ok(&["revoke", "pause", "link", &link]);
    home.refuses(&["link", "verify", &link], "refused", "link_suspended");
    home.ok(&["revoke", "restore", "link", &link]);
    home.ok(&["revoke", "session", &session]);
    home.refuses(&["session", "verify", &session], "refused", "session_revoked");

    home.ok(&["tenant", "new", "studio-7"]);
    home.sealed("object", b"x", &[]);
    home.ok(&["tenant", "destroy", "studio-7", "--confirm=studio-7", "--backups-kept=1"]);
    home.refuses(&home.open("object", &["-o", "no"]), "unreadable", "data_key_destroyed");

    home.ok(&["link", "verify", &link]);
    home.ok(&["revoke", "link", &link]);
    home.refuses(&["link", "verify", &link], "refused", "link_revoked");
    let checked = home.ok(&["store", "check"]);
    assert_eq!((&checked["links"], &checked["redemptions"]), (&json!(1), &json!(2)));
    home.ok(&["store", "compact"]);
    home.ok(&["view", "export", "newest.pwf"]);
    let good = home.link();
    let recovered = home.ok(&["store", "recover", "--newer=newest.pwf"]);
    assert_eq!(recovered["merged"], true);
    home.ok(&["link", "verify", &good]);
    home.refuses(&["link", "verify", &link], "refused", "link_revoked");
    home.ok(&["store", "recover", "--refuse-everything"]);
    home.refuses(&["link", "verify", &good], "refused", "deployment_revoked");
    server.kill().unwrap();
    let said = home.fails(&["link", "verify", &good], 3, "store_unavailable");
    assert!(!said.to_string().contains(password), "{said}");
}
