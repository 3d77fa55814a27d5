//! A nonce is good for one chain and one browser, until it ends, and nobody makes one without the key. `spec/redeem.md` sections 1 and 2.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use portward::{NonceError, PeekCookie, UnverifiedNonce};

use crate::edit::edited;
use crate::pool;
use crate::world::{NOW, WORLD};

/// Fixed, so that what fails once fails again.
static COOKIES: LazyLock<[PeekCookie; 2]> =
    LazyLock::new(|| ["A", "B"].map(|letter| (letter.repeat(42) + "A").parse().unwrap()));
static NONCES: LazyLock<[String; 2]> = LazyLock::new(|| {
    [0, 1].map(|of| WORLD.keyring.make_nonce(pool::id(of), &COOKIES[usize::from(of)], NOW.wall).unwrap().0)
});

pub(crate) fn holds(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(cookie) = text.parse::<PeekCookie>() {
            assert_eq!(cookie.to_text(), text, "two texts of one cookie");
        }
        assert_eq!(UnverifiedNonce::parse(text).is_err(), check(text, 0, 0, 0) == Err(NonceError::Malformed));
    }
    let _ = run(&mut Unstructured::new(data));
}

fn run(input: &mut Unstructured<'_>) -> Result<()> {
    let of = input.int_in_range(0..=1u8)?;
    let others: Vec<&[u8]> = NONCES.iter().map(String::as_bytes).collect();
    let genuine = &NONCES[usize::from(of)];
    let (chain, cookie) = (input.int_in_range(0..=1)?, input.int_in_range(0..=1)?);
    let after = input.int_in_range(0..=1200)?;
    let edited = edited(input, genuine.clone().into_bytes(), &others)?;
    let Ok(text) = String::from_utf8(edited) else { return Ok(()) };
    let good = text == NONCES[usize::from(chain)] && chain == cookie;
    let expected =
        if good { if after < 600 { Ok(()) } else { Err(NonceError::Expired) } } else { Err(NonceError::Forged) };
    match check(&text, chain, cookie, after) {
        Err(NonceError::Malformed | NonceError::UnknownRoot) => assert!(!good),
        checked => assert_eq!(checked, expected),
    }
    Ok(())
}

fn check(text: &str, chain: u8, cookie: u8, after: u64) -> std::result::Result<(), NonceError> {
    let now = NOW.wall.saturating_add(std::time::Duration::from_secs(after));
    WORLD.keyring.check_nonce(text, pool::id(chain), &COOKIES[usize::from(cookie)], now).map(|_| ())
}
