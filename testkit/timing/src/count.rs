//! One verification, whose instructions callgrind counts: `--toggle-collect=portward_measured`.

#![expect(unsafe_code, reason = "a name that callgrind can be told")]

use std::hint::black_box;

use portward::{NoRevocation, Revocation, Verifier};

use crate::forge::{damaged, forged};
use crate::world::{NOW, World};

pub(crate) const CASES: &str = "good|damaged|forged|unknown-tenant|unknown-root";

/// `cold`: the first that the process verifies. `warm`: after good ones of the known tenant, whose key is cached.
pub(crate) fn run(state: &str, case: &str) -> bool {
    let world = World::new();
    let verifier = world.verifier(Revocation::None(NoRevocation));
    let good = world.link("studio-7");
    let (text, expected) = match case {
        "good" => (good.text().to_owned(), "ok"),
        "damaged" => (damaged(good.text()), "bad_checksum"),
        "forged" => (forged(good.text(), 0), "forged"),
        "unknown-tenant" => (forged(world.link("studio-8").text(), 0), "forged"),
        "unknown-root" => (world.beside().link("studio-7").text().to_owned(), "unknown_root"),
        _ => return false,
    };
    match state {
        "cold" => {}
        "warm" => (0..3).for_each(|_| assert!(verifier.verify_link(good.text(), NOW).is_ok())),
        _ => return false,
    }
    assert_eq!(portward_measured(&verifier, black_box(&text)), expected);
    true
}

// SAFETY: nothing else has this name.
#[unsafe(no_mangle)]
#[inline(never)]
fn portward_measured(verifier: &Verifier, text: &str) -> &'static str {
    verifier.verify_link(text, NOW).err().map_or("ok", |error| error.code())
}
