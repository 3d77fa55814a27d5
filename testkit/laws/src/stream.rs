//! What is sealed opens to what it was, however it is cut on its way in and out: written, read, whole, by ranges, on one thread or several.

use std::io::{Cursor, Write as _};
use std::num::NonZeroUsize;

use arbitrary::{Result, Unstructured};
use portward::envelope::{Keep, RootKeks, plaintext_length};

use crate::damage::{CHUNK, CONTEXT, KEYS, ONE, plaintext, read};
use crate::edit::place;
use crate::world::WORLD;

pub(crate) fn holds(data: &[u8]) {
    let _ = run(&mut Unstructured::new(data));
}

fn run(input: &mut Unstructured<'_>) -> Result<()> {
    let length = length(input)?;
    let truth = plaintext(length);
    let roots = RootKeks::new(&WORLD.keyring);
    let keep = if input.arbitrary()? { Keep::EmbeddedUnder(&[&roots]) } else { Keep::Detached };
    // A thread costs more than all the rest.
    let threads = if input.ratio(1, 32)? { NonZeroUsize::new(2).unwrap() } else { ONE };
    let object = match input.arbitrary()? {
        true => KEYS.seal(&CONTEXT, &truth, keep, threads).unwrap(),
        false => written(input, &truth, keep, threads)?,
    };
    let header = object.len() - sealed_length(length);
    assert_eq!(plaintext_length((object.len() - header) as u64), Some(length as u64));
    assert_eq!(KEYS.open(&CONTEXT, &object, threads).as_ref(), Ok(&truth));

    let mut step = 1 + place(input, 2 * CHUNK)?;
    let (given, end) = read(&object, &mut step);
    assert_eq!((given, end), (truth.clone(), Ok(())));

    let mut reader = KEYS.seekable(&CONTEXT, Cursor::new(&object)).unwrap();
    assert_eq!(reader.length(), length as u64);
    for _ in 0..input.int_in_range(0..=4)? {
        let (from, wanted) = (place(input, length + 9)?, place(input, 2 * CHUNK)?);
        let range = reader.read_range(from as u64, wanted as u64).unwrap();
        assert_eq!(range, truth[from.min(length)..(from + wanted).min(length)]);
    }

    // Another way to keep its key leaves the body as it is.
    if let Ok((fresh, old)) = KEYS.rewrap_under(&object, &[&roots]) {
        assert_eq!(old, header);
        let rewrapped = [&fresh[..], &object[old..]].concat();
        assert_eq!(KEYS.open(&CONTEXT, &rewrapped, ONE).unwrap(), truth);
    } else {
        assert_eq!(header, 20, "only what is kept elsewhere has nothing to rewrap");
    }
    Ok(())
}

/// Mostly around a multiple of a chunk.
fn length(input: &mut Unstructured<'_>) -> Result<usize> {
    let near = place(input, 3)? * CHUNK;
    Ok(if input.ratio(1, 4)? { place(input, 3 * CHUNK)? } else { (near + place(input, 4)?).saturating_sub(2) })
}

fn sealed_length(plaintext: usize) -> usize {
    56 + plaintext + 16 * (plaintext / CHUNK + 1)
}

fn written(input: &mut Unstructured<'_>, truth: &[u8], keep: Keep<'_>, threads: NonZeroUsize) -> Result<Vec<u8>> {
    let mut writer = KEYS.writer(&CONTEXT, keep, Vec::new(), threads).unwrap();
    let mut rest = truth;
    while !rest.is_empty() {
        let step = 1 + if input.is_empty() { rest.len() - 1 } else { place(input, 2 * CHUNK)? };
        let (now, later) = rest.split_at(step.min(rest.len()));
        if input.arbitrary()? {
            writer.write_all(now).unwrap();
            rest = later;
        } else {
            let room = writer.room();
            let taken = room.len().min(now.len());
            room[..taken].copy_from_slice(&now[..taken]);
            writer.filled(taken).unwrap();
            rest = &rest[taken..];
        }
    }
    Ok(writer.finish().unwrap())
}
