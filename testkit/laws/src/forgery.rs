//! Genuine tokens, cut, mixed and mended: what is believed is one of them, byte for byte.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use portward::{Narrowing, UntrustedLink};
use portward_test_vectors::Vectors;

use crate::edit::edited;
use crate::sign;
use crate::world::{NOW, WORLD};

/// Prefix, and all but the checksum.
type Bare = (&'static str, Vec<u8>);

static GENUINE: LazyLock<Vec<Bare>> = LazyLock::new(|| {
    let vectors = Vectors::read("portward", "token");
    let texts = vectors.cases.iter().filter_map(|case| case["token"].as_str().filter(|text| is_believed(text)));
    let mut genuine: Vec<Bare> = Vec::new();
    for text in texts {
        let mut text = text.to_owned();
        // A link, and copies of it.
        for recipient in ["anna", "ben"] {
            if genuine.len() < 24 {
                genuine.push(sign::untext(&text).unwrap());
            }
            let Ok(link) = UntrustedLink::parse(&text) else { break };
            let Ok(copy) = link.narrow(&Narrowing::new().recipient(recipient).unwrap()) else { break };
            text = copy;
        }
    }
    genuine
});

pub(crate) fn holds(data: &[u8]) {
    let _ = run(&mut Unstructured::new(data));
}

fn run(input: &mut Unstructured<'_>) -> Result<()> {
    let others: Vec<&[u8]> = GENUINE.iter().map(|(_, bytes)| &bytes[..]).collect();
    let (prefix, bytes) = input.choose(&GENUINE)?;
    let prefix = if input.ratio(1, 16)? { sign::SESSION } else { prefix };
    let edited = edited(input, bytes.clone(), &others)?;
    if is_believed(&sign::text(prefix, &edited)) {
        // A link that was cut back to what it was made from is that, and who has the copy has not got its tag.
        assert!(GENUINE.contains(&(prefix, edited)), "a forged token is believed");
    }
    Ok(())
}

fn is_believed(text: &str) -> bool {
    WORLD.verifier.verify_link(text, NOW).is_ok() || WORLD.verifier.verify_session(text, NOW).is_ok()
}
