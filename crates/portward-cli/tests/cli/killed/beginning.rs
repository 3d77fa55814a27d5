//! Killed where a feed begins, or a view is written.

use std::time::Instant;

use super::{Killer, kill, repetitions};
use crate::faults::{Faulty, beginning};
use crate::home::{Home, Ran};

/// Plays a scenario whose command is killed from before its start to after its end.
fn killed(home: &Home, scenario: impl Fn(&Home, Faulty<'_>) -> bool) {
    let killer = std::cell::RefCell::new(None);
    scenario(home, &|arguments| {
        let begun = Instant::now();
        let ran = home.run(arguments);
        killer.replace(Some(Killer::new(begun.elapsed(), 0)));
        ran
    });
    let mut outcomes = Vec::new();
    for _ in 0..repetitions().min(2_000) / 8 {
        outcomes.push(scenario(home, &|arguments| {
            let has_ended = killer.borrow_mut().as_mut().unwrap().kills(home, arguments, b"");
            Ran { code: has_ended.then_some(0), stdout: String::new(), stderr: String::new() }
        }));
    }
    assert!(outcomes.contains(&true) && outcomes.contains(&false), "some killed before, some after: {outcomes:?}");
}

#[test]
fn beginning_a_store() {
    killed(&Home::new(), beginning::a_store_takes_over);
}

#[test]
fn recovering_a_store() {
    killed(&Home::stored(), beginning::a_store_is_recovered);
}

#[test]
fn refusing_everything() {
    killed(&Home::stored(), beginning::a_store_refuses_everything);
}

#[test]
fn restoring_a_view() {
    killed(&Home::new(), beginning::a_view_is_restored);
}

#[test]
fn making_a_view_anew() {
    killed(&Home::new(), beginning::a_view_is_made_anew);
}

#[test]
fn exporting_a_view() {
    let home = Home::new();
    home.ok(&["view", "export", "message.pwf"]);
    kill(
        &home,
        "message.pwf",
        |_| {
            home.ok(&["revoke", "everything"]);
            (vec!["view", "export", "message.pwf"], Vec::new())
        },
        |_, now| {
            home.ok(&["view", "export", "whole.pwf"]);
            now == home.bytes("whole.pwf")
        },
    );
}
