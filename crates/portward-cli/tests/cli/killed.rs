//! Killed at any moment, a command leaves the file as it was, or as it was to be.

mod beginning;
mod killer;

pub(crate) use killer::Killer;

use std::time::{Duration, Instant};

use self::killer::killed_after;
use crate::faults::lies_under;
use crate::home::{Home, text};
use crate::studio::{CONTRACT, plaintext};

/// Many more with `PORTWARD_LONG=1`.
fn repetitions() -> u32 {
    if std::env::var_os("PORTWARD_LONG").is_some_and(|long| long == "1") { 10_000 } else { 200 }
}

const LENGTH: usize = 5 * 16_384 + 100;

/// Kills the command at moments from before its start to after its end. `is_new` tells whether the file, which is not as it was before,
/// is as it was to be.
fn kill(
    home: &Home,
    file: &str,
    mut command: impl FnMut(u32) -> (Vec<&'static str>, Vec<u8>),
    is_new: impl Fn(u32, &[u8]) -> bool,
) {
    let (whole, input) = command(0);
    let begun = Instant::now();
    assert!(killed_after(home, &whole, &input, Duration::from_secs(60)));
    let mut killer = Killer::new(begun.elapsed(), 0);
    let (mut before, mut rounds) = (home.bytes(file), Vec::new());
    for round in 1..=repetitions() {
        let (arguments, input) = command(round);
        let has_ended = killer.kills(home, &arguments, &input);
        let now = home.bytes(file);
        if has_ended || now != before {
            assert!(is_new(round, &now), "round {round}: neither the old file nor the new one");
        }
        rounds.push((has_ended, now != before));
        before = now;
    }
    let killed = rounds.iter().filter(|(has_ended, _)| !has_ended).count();
    let replaced = rounds.iter().filter(|(_, replaced)| *replaced).count();
    assert!(killed > 5 && replaced > 5, "{killed} were killed in time, {replaced} replaced the file");
}

#[test]
fn sealing() {
    let home = Home::studio();
    let plaintext = plaintext(LENGTH);
    home.sealed("object", b"before", &[]);
    let seal = [&["seal", "-o", "object", "--force"], &CONTRACT[..]].concat();
    kill(
        &home,
        "object",
        |_| (seal.clone(), plaintext.clone()),
        |_, _| home.pipe(&home.open("object", &[]), b"").stdout == plaintext,
    );
}

#[test]
fn opening() {
    let home = Home::studio();
    let contents = [plaintext(LENGTH), vec![7; LENGTH]];
    let objects = [home.sealed("first", &contents[0], &[]), home.sealed("second", &contents[1], &["--embed"])];
    let open = home.open("-", &["-o", "opened", "--force"]);
    let of = |round: u32| usize::from(round % 2 == 1);
    kill(&home, "opened", |round| (open.clone(), objects[of(round)].clone()), |round, now| now == contents[of(round)]);
}

#[test]
fn rewrapping() {
    let home = Home::studio();
    let plaintext = plaintext(LENGTH);
    home.sealed("object", &plaintext, &["--embed"]);
    let rewrap = vec!["rewrap", "object", "--tenant=studio-7", "--scope=file:1"];
    kill(
        &home,
        "object",
        |_| (rewrap.clone(), Vec::new()),
        |_, _| home.pipe(&home.open("object", &[]), b"").stdout == plaintext,
    );
}

/// Whatever a killed one did, the same command again brings it to its end: store and feed.
#[test]
fn destroying() {
    let home = Home::studio();
    let (mut opened, mut killer) = (Vec::new(), Killer::new(Duration::from_millis(60), 0));
    // Every round adds to the store and the feed, and a command reads what there is of the tenant.
    for round in 0..repetitions().min(2_000) / 4 {
        let (id, scope, confirm) =
            (format!("--id={round}"), format!("--scope=file:{round}"), format!("--confirm=file:{round}"));
        let of = ["--tenant=studio-7", "--name=files.content", &id];
        home.write("plaintext", b"x");
        home.ok(&[&["seal", "plaintext", "-o", "object", "--force"], &of[..]].concat());
        let destroy = ["tenant", "destroy", "studio-7", &scope, &confirm, "--backups-kept=1"];
        killer.kills(&home, &destroy, b"");
        let open = [&["open", "object", "-o", "opened", "--force"], &of[..]].concat();
        opened.push(home.run(&open).code == Some(0));
        assert_eq!(home.ok(&destroy)["keys"], 1);
        home.refuses(&open, "unreadable", "data_key_destroyed");
    }
    let shown = home.ok(&["view", "show", "--entries"]);
    assert_eq!(shown["changes"].as_array().unwrap().len(), opened.len(), "every one is in the feed");
    assert!(opened.contains(&true) && opened.contains(&false), "some were killed before, some after");
}

/// Whichever versions there are: all data keys lie under one, every row is believed, and what was sealed opens.
#[test]
fn rotating_and_rewrapping_keys() {
    let home = Home::studio();
    home.sealed("object", b"a contract", &["--embed"]);
    let rotate = ["tenant", "rotate", "studio-7"];
    let version = || home.ok(&rotate)["version"].as_u64().unwrap();
    let begun = Instant::now();
    let mut last = version();
    let mut killers = [0, 1].map(|number| Killer::new(begun.elapsed(), number));
    let mut rotations = [0; 2];
    let mut rewraps = [0; 2];
    for _ in 0..repetitions().min(2_000) / 8 {
        let (old, new) = (home.active(), text(&home.ok(&["keyring", "add"]), "added"));
        home.ok(&["keyring", "activate", &new]);
        killers[0].kills(&home, &rotate, b"");
        killers[1].kills(&home, &["tenant", "rewrap"], b"");
        home.ok(&home.open("object", &["-o", "opened", "--force"]));
        home.ok(&["tenant", "check"]);

        let under = lies_under(&home);
        let again = home.ok(&["tenant", "rewrap"]);
        rewraps[usize::from(again["keks"] == 0 && again["rows"] == 0)] += 1;
        let now = version();
        assert_eq!(under, now - 1, "all data keys lie under the last version");
        rotations[usize::from(now == last + 2)] += 1;
        assert!(now == last + 1 || now == last + 2, "{last} {now}");
        last = now;
        home.ok(&["keyring", "retire", &old]);
        home.ok(&["keyring", "destroy", &old, "--force", &old]);
        home.ok(&home.open("object", &["-o", "opened", "--force"]));
    }
    let both = [rotations, rewraps];
    assert!(both.as_flattened().iter().all(|times| *times > 0), "some killed before, some after: {both:?}");
}

/// Row, history and feed of a link say the same, whenever who wrote them was killed.
#[test]
fn storing() {
    let home = Home::stored();
    let tenant = "--tenant=studio-7";
    let issue = ["link", "issue", tenant, "--client=42", "--permission=files:read"];
    let count = || home.ok(&["store", "check"])["links"].as_u64().unwrap();
    let begun = Instant::now();
    home.link();
    let mut killers = [0, 1, 2].map(|number| Killer::new(begun.elapsed(), number));
    let (mut links, mut outcomes) = (1, [[0; 2]; 3]);
    for _ in 0..repetitions().min(2_000) / 4 {
        killers[0].kills(&home, &issue, b"");
        let issued = count() - links;
        assert!(issued <= 1);

        let link = home.link();
        links += issued + 1;
        let id = text(&home.ok(&["link", "verify", &link]), "id");
        killers[1].kills(&home, &["session", "issue", &link], b"");
        let uses = home.ok(&["link", "show", &id, tenant])["uses"].as_u64().unwrap();
        killers[2].kills(&home, &["revoke", "link", &link], b"");
        let is_revoked = home.ok(&["link", "show", &id, tenant])["state"] == "revoked";
        assert_eq!(home.run(&["link", "verify", &link]).code, Some(i32::from(is_revoked)));
        let history = home.ok(&["link", "history", &id, tenant])["events"].as_array().unwrap().len();
        assert_eq!(history, 1 + usize::try_from(uses).unwrap() + usize::from(is_revoked));
        home.ok(&["revoke", "link", &link]);
        home.refuses(&["link", "verify", &link], "refused", "link_revoked");
        for (outcome, happened) in outcomes.iter_mut().zip([issued == 1, uses == 1, is_revoked]) {
            outcome[usize::from(happened)] += 1;
        }
    }
    assert_eq!(count(), links);
    assert!(outcomes.iter().flatten().all(|times| *times > 0), "some killed before, some after: {outcomes:?}");
}
