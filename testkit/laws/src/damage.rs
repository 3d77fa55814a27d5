//! A damaged object gives out nothing but the true plaintext: opened whole it is that or an error; read it is a beginning of that, and all
//! of it if the reader says so; a range is a range of that. `spec/envelope.md` section 6.

use std::collections::HashMap;
use std::io::{self, Cursor, Read};
use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock, Mutex};

use arbitrary::{Result, Unstructured};
use portward::envelope::{
    Binding, Context, DataKey, Keep, KekError, KekName, KekType, OpenError, RootKeks, ScopeKeys, Slot, UnwrapKey,
};
use portward::{Identifier, KeyState};

use crate::edit::{edited, place};
use crate::world::WORLD;

pub(crate) const SCOPE: &str = "file:1204";
pub(crate) const ONE: NonZeroUsize = NonZeroUsize::MIN;
pub(crate) const CHUNK: usize = 16_384;

/// A data key that is known, under the roots of the deployment.
pub(crate) fn keys(tenant: &Identifier, scope: &str) -> ScopeKeys {
    let scope: portward::envelope::DataScope = scope.parse().unwrap();
    let slot = Slot::new(KekName::new(KekType::Device, *b"k", 0), *b"w").unwrap();
    let key = DataKey::unwrap(&WORLD.deployment.id, *tenant, scope.clone(), [0xD1; 16], &slot, None, &Known).unwrap();
    ScopeKeys::new(&WORLD.deployment, *tenant, scope)
        .with_data_key(Arc::new(key), KeyState::Active)
        .with_keks(Arc::new(RootKeks::new(&WORLD.keyring)))
}

struct Known;

impl UnwrapKey for Known {
    fn resolves(&self, _: &KekName) -> bool {
        true
    }

    fn unwrap(&self, _: &Slot, _: &Binding, key: &mut [u8; 32]) -> std::result::Result<(), KekError> {
        *key = [0x2B; 32];
        Ok(())
    }
}

pub(crate) static KEYS: LazyLock<ScopeKeys> = LazyLock::new(|| keys(&"acme".parse().unwrap(), SCOPE));
pub(crate) static CONTEXT: LazyLock<Context> =
    LazyLock::new(|| Context::new(KEYS.tenant(), "files.content", "1204").unwrap());

pub(crate) fn plaintext(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at / 7 % 251) as u8).collect()
}

/// Where something changes, and one before and behind.
const LENGTHS: [usize; 7] = [0, 1, 100, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 500];

/// Sealed once for each length and kind: what it costs is the sealing.
fn object(length: usize, embedded: bool) -> Vec<u8> {
    type Sealed = Mutex<HashMap<(usize, bool), Vec<u8>>>;
    static SEALED: LazyLock<Sealed> = LazyLock::new(Mutex::default);
    let mut sealed = SEALED.lock().unwrap();
    let make = || {
        let roots = RootKeks::new(&WORLD.keyring);
        let keep = if embedded { Keep::EmbeddedUnder(&[&roots]) } else { Keep::Detached };
        KEYS.seal(&CONTEXT, &plaintext(length), keep, ONE).unwrap()
    };
    sealed.entry((length, embedded)).or_insert_with(make).clone()
}

pub(crate) fn holds(data: &[u8]) {
    let _ = run(&mut Unstructured::new(data));
}

fn run(input: &mut Unstructured<'_>) -> Result<()> {
    let (length, embedded) = (*input.choose(&LENGTHS)?, input.arbitrary()?);
    let (other, other_embedded) = (*input.choose(&LENGTHS)?, input.arbitrary()?);
    let (genuine, other) = (object(length, embedded), object(other, other_embedded));
    let mut damaged = if input.ratio(1, 3)? { chunks_moved(input, &genuine)? } else { genuine.clone() };
    damaged = edited(input, damaged, &[&other])?;
    let truths = [plaintext(length), plaintext(other_length(&other))];
    let is_true = |found: &[u8]| truths.iter().any(|truth| truth == found);
    let begins = |found: &[u8]| truths.iter().any(|truth| truth.starts_with(found));

    let whole = KEYS.open(&CONTEXT, &damaged, ONE);
    match &whole {
        Ok(plaintext) => assert!(is_true(plaintext)),
        Err(error) => assert_eq!(error.public(), "unreadable"),
    }
    if damaged == genuine {
        assert_eq!(whole.as_deref(), Ok(&truths[0][..]));
    }
    let record = KEYS.open_record(&CONTEXT, &damaged);
    assert_eq!(record, whole, "none is longer than a record");

    let mut step = input.int_in_range(1..=CHUNK + 100)?;
    let (given, end) = read(&damaged, &mut step);
    assert!(begins(&given));
    assert_eq!(end.map(|()| given), whole, "opened by parts, and whole");

    let (from, wanted) = (place(input, 3 * CHUNK)?, place(input, CHUNK + 9)?);
    if let Ok(mut reader) = KEYS.seekable(&CONTEXT, Cursor::new(&damaged)) {
        let length = usize::try_from(reader.length()).unwrap();
        assert!(truths.iter().any(|truth| truth.len() == length), "a length that is not true");
        let truth = truths.iter().find(|truth| truth.len() == length).unwrap();
        if let Ok(range) = reader.read_range(from as u64, wanted as u64) {
            assert_eq!(range, truth[from.min(length)..(from + wanted).min(length)]);
        } else {
            assert!(whole.is_err());
            assert!(reader.read_range(0, 1).is_err() || length == 0, "what has failed keeps failing");
        }
    } else {
        assert!(whole.is_err());
    }
    Ok(())
}

fn other_length(object: &[u8]) -> usize {
    KEYS.open(&CONTEXT, object, ONE).unwrap().len()
}

/// Everything that is given out, and how it ended.
pub(crate) fn read(object: &[u8], step: &mut usize) -> (Vec<u8>, std::result::Result<(), OpenError>) {
    let mut given = Vec::new();
    let mut reader = match KEYS.reader(&CONTEXT, object, ONE) {
        Ok(reader) => reader,
        Err(error) => return (given, Err(cause(&error))),
    };
    let mut buffer = vec![0; *step];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => given.extend_from_slice(&buffer[..length]),
            Err(error) => {
                let again = reader.read(&mut buffer).expect_err("what has failed keeps failing");
                assert_eq!(cause(&again), OpenError::Failed);
                return (given, Err(cause(&error)));
            }
        }
    }
    assert_eq!(reader.read(&mut buffer).unwrap(), 0);
    (given, Ok(()))
}

pub(crate) fn cause(error: &io::Error) -> OpenError {
    *error.get_ref().and_then(|inner| inner.downcast_ref()).expect("what is read from cannot fail")
}

/// Whole chunks left out, doubled or exchanged.
fn chunks_moved(input: &mut Unstructured<'_>, object: &[u8]) -> Result<Vec<u8>> {
    let body = if object[3] == 0 { 20 } else { 22 + usize::from(u16::from_be_bytes([object[20], object[21]])) };
    let (start, chunks) = object.split_at(body + 56);
    let mut chunks: Vec<&[u8]> = chunks.chunks(CHUNK + 16).collect();
    let (at, to) = (place(input, chunks.len() - 1)?, place(input, chunks.len() - 1)?);
    match input.int_in_range(0..=2)? {
        0 => _ = chunks.remove(at),
        1 => chunks.insert(to, chunks[at]),
        _ => chunks.swap(at, to),
    }
    Ok([start, &chunks.concat()].concat())
}
