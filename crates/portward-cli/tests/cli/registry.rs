//! Links in a store: listed, shown, changed, looked back on.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::home::{Home, text};
use crate::shell::masked;

const ISSUE: [&str; 6] =
    ["link", "issue", "--tenant=studio-7", "--client=42", "--permission=files:*", "--permission=invoices:read"];
const TENANT: &str = "--tenant=studio-7";

/// Issues a link; its token and id.
fn issued(home: &Home, options: &[&str]) -> (String, String) {
    let issued = home.ok(&[&ISSUE[..], options].concat());
    (text(&issued, "token"), text(&issued, "id"))
}

fn values(list: &Value, name: &str) -> Vec<Value> {
    list.as_array().unwrap().iter().map(|entry| entry[name].clone()).collect()
}

#[test]
fn a_link_is_listed_shown_and_looked_back_on() {
    let home = Home::stored();
    let (token, id) = issued(&home, &["--label=The contract", "--uses=3", "--days=30", "--ends-in-days=7"]);
    issued(&home, &["--label=Another"]);
    home.ok(&["session", "issue", &token]);

    assert_snapshot!(masked(&home.run(&["link", "list", TENANT, "--label=contract"]).stdout), @r"
    id                                state    ends                      uses  client            label
    [id]  active   [time]       1/3  42                The contract
    ");
    assert_snapshot!(masked(&home.run(&["link", "show", &id, TENANT]).stdout), @r"
    id                  [id]
    tenant              studio-7
    client              42
    label               The contract
    state               active
    ends at             [time]
    signed until        [time]
    permissions         files:read, files:upload, files:delete, invoices:read
    signed permissions  files:read, files:upload, files:delete, invoices:read
    resources           all
    uses                1
    uses max            3
    revision            0
    created at          [time]
    changed at          [time]
    last used at        [time]
    ");
    assert_eq!(home.ok(&["link", "show", &token, TENANT]), home.ok(&["link", "show", &id, TENANT]));
    assert_eq!(home.run(&["link", "show", &id, TENANT, "--token"]).stdout, format!("{token}\n"));
    assert_snapshot!(masked(&home.run(&["link", "history", &id, TENANT]).stdout), @r"
    number  at                    what          detail
         2  [time]  shown         -
         1  [time]  redeemed      [id]
         0  [time]  issued        -
    ");
    let earlier = home.ok(&["link", "history", &id, TENANT, "--before=1", "--limit=1"]);
    assert_eq!(values(&earlier["events"], "what"), ["issued"]);
    let said = home.run(&["link", "history", &id, TENANT, "--limit=2"]).stderr;
    assert!(said.contains("--before 1"), "{said}");
}

#[test]
fn a_list_is_cut_into_pages_and_filtered() {
    let home = Home::stored();
    let ids: Vec<_> = (0..5).map(|number| issued(&home, &[&format!("--label=No {number}")]).1).collect();
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut list = vec!["link", "list", TENANT, "--limit=2"];
        list.extend(after.as_deref());
        let page = home.ok(&list);
        found.extend(values(&page["links"], "id"));
        let Some(next) = page["next"].as_str() else { break };
        after = Some(format!("--after={next}"));
    }
    let mut sorted: Vec<_> = found.iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    sorted.sort();
    let mut expected = ids.clone();
    expected.sort();
    assert_eq!(sorted, expected);
    assert!(home.run(&["link", "list", TENANT, "--limit=4"]).stderr.contains("--after"));
    assert_eq!(home.run(&["link", "list", TENANT, "--limit=5"]).stderr, "", "that is all");

    let listed =
        |options: &[&str]| values(&home.ok(&[&["link", "list", TENANT], options].concat())["links"], "label").len();
    assert_eq!((listed(&["--client=42"]), listed(&["--client=43"])), (5, 0));
    assert_eq!((listed(&["--label=no 3"]), listed(&["--label=%"])), (1, 0));
    assert_eq!((listed(&["--ends-before=2100-01-01T00:00:00Z"]), listed(&["--ends-before=1"])), (5, 0));
    home.ok(&["revoke", "pause", "link", TENANT, "--id", &ids[0]]);
    assert_eq!((listed(&["--state=paused"]), listed(&["--state=active"])), (1, 4));
    home.ok(&["revoke", "client", TENANT, "--client=42"]);
    issued(&home, &[]);
    assert_eq!((listed(&["--state=revoked", "--limit=3"]), listed(&["--state=revoked"])), (3, 5), "a counter did it");
    assert_eq!(listed(&["--state=active"]), 1);
    let issue = ["link", "issue", "--tenant=studio-9", "--client=42", "--permission=files:read"];
    let once = text(&home.ok(&[&issue[..], &["--uses=1"]].concat()), "token");
    let over = text(&home.ok(&issue), "id");
    home.ok(&issue);
    home.ok(&["session", "issue", &once]);
    home.ok(&["link", "edit", "--tenant=studio-9", &over, "--ends=1"]);
    for state in ["used-up", "ended", "active"] {
        let listed = home.ok(&["link", "list", "--tenant=studio-9", &format!("--state={state}")]);
        assert_eq!(values(&listed["links"], "state"), [state], "one each");
    }
    assert_eq!(home.ok(&["link", "list", "--tenant=studio-8"])["links"], json!([]));
    home.fails(&["link", "list", TENANT, "--state=lost"], 2, "usage");
    home.fails(&["link", "list", TENANT, "--limit=0"], 2, "usage");
    home.fails(&["link", "list", TENANT, "--after=00000000000000000000000000000000"], 1, "link_unknown");
}

#[test]
fn a_link_is_changed_within_what_was_signed() {
    let home = Home::stored();
    let (token, id) = issued(&home, &["--days=30"]);
    let edit = |options: &[&'static str]| [&["link", "edit", &id, TENANT], options].concat();
    let changed = home.ok(&edit(&["--label=New", "--ends-in-days=10", "--permission=files:read", "--uses=4"]));
    assert_eq!((&changed["label"], &changed["uses_max"], &changed["revision"]), (&json!("New"), &json!(4), &json!(1)));
    assert_eq!((&changed["permissions"], &changed["resources"]), (&json!(["files:read"]), &json!("all")));
    assert!(text(&changed, "ends_at") < text(&changed, "signed_until"));
    let session = text(&home.ok(&["session", "issue", &token]), "token");
    home.ok(&["session", "verify", &session]);

    let only = home.ok(&edit(&["--resource=plan.pdf", "--no-cap", "--no-label"]));
    assert_eq!(
        (&only["label"], &only["uses_max"], &only["resources"]),
        (&json!(null), &json!(null), &json!(["plan.pdf"]))
    );
    home.refuses(&["session", "verify", &session], "refused", "session_superseded");
    let renewed = text(&home.ok(&["session", "renew", &session]), "token");
    assert_eq!(home.ok(&["session", "verify", &renewed])["resources"], json!(["plan.pdf"]));
    let all = home.ok(&edit(&["--all-resources", "--permission=files:*"]));
    assert_eq!((&all["resources"], &all["revision"]), (&json!("all"), &json!(2)), "what gives ends no session");
    home.ok(&["session", "verify", &renewed]);

    home.fails(&edit(&["--ends-in-days=31"]), 1, "over_ceiling");
    home.ok(&edit(&["--ends-in-days=29"]));
    home.fails(&edit(&["--permission=messages:send"]), 1, "over_ceiling");
    home.fails(&edit(&["--permission=files:eat"]), 2, "unknown_permission");
    home.fails(&edit(&["--label="]), 2, "label_malformed");
    home.fails(&edit(&["--uses=0"]), 2, "usage");
    home.fails(&edit(&["--ends=tomorrow"]), 2, "time");
    home.fails(&edit(&[]), 2, "usage");
    for pair in [["--label=x", "--no-label"], ["--uses=1", "--no-cap"], ["--resource=x", "--all-resources"]] {
        home.fails(&edit(&pair), 2, "usage");
    }
    home.fails(&[&ISSUE[..], &["--days=1", "--ends-in-days=2"]].concat(), 1, "over_ceiling");
    home.fails(&[&ISSUE[..], &["--label=\u{7}"]].concat(), 2, "label_malformed");
    home.ok(&["revoke", "link", &token]);
    home.fails(&edit(&["--label=x"]), 1, "link_revoked");
    home.fails(&["link", "show", &id, TENANT, "--token"], 1, "link_revoked");
    assert_eq!(home.ok(&["link", "show", &id, TENANT])["state"], "revoked");
}

#[test]
fn another_tenant_sees_nothing() {
    let home = Home::stored();
    let (token, id) = issued(&home, &[]);
    for tenant in [TENANT, "--tenant=studio-8"] {
        let commands: [&[&str]; 5] = [
            &["link", "show", &id, tenant],
            &["link", "show", &token, tenant],
            &["link", "show", &id, tenant, "--token"],
            &["link", "history", &id, tenant],
            &["link", "edit", &id, tenant, "--label=x"],
        ];
        for command in commands {
            if tenant == TENANT {
                home.ok(command);
            } else {
                home.fails(command, 1, "link_unknown");
            }
        }
    }
    home.fails(&["link", "show", "00", TENANT], 2, "entry_id");
    home.fails(&["link", "show", &Home::new().link(), TENANT], 1, "unknown_root");
}

#[test]
fn what_only_a_store_knows_needs_one() {
    let home = Home::new();
    let id = "0".repeat(32);
    let commands: [&[&str]; 12] = [
        &["link", "list", TENANT],
        &["link", "show", &id, TENANT],
        &["link", "edit", &id, TENANT, "--label=x"],
        &["link", "history", &id, TENANT],
        &[&ISSUE[..], &["--label=x"]].concat(),
        &[&ISSUE[..], &["--uses=1"]].concat(),
        &[&ISSUE[..], &["--ends-in-days=1"]].concat(),
        &["session", "renew", "pws_"],
        &["store", "status"],
        &["store", "init"],
        &["store", "compact"],
        &["store", "recover", "--refuse-everything"],
    ];
    for command in commands {
        let said = home.fails(command, 2, "store_needed");
        assert!(text(&said["error"], "message").contains("PORTWARD_STORE"), "{said}");
    }
    home.ok(&ISSUE);
    let stored = Home::stored();
    stored.ok(commands[4]);
    stored.ok(commands[0]);
}
