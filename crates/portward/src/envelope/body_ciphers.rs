//! The cipher of bodies and the portable one make the same bodies, and open each other's.

use core::num::NonZeroUsize;

use crate::envelope::body::{self, BodyKey, Bound, CHUNK, PREFIX};
use crate::key::BodyInputKey;
use crate::primitive::{BodyCipher, ChunkCipher, PortableCipher};

fn sealed<C: ChunkCipher>(input: &BodyInputKey, bound: &Bound, plaintext: &[u8], threads: usize) -> Vec<u8> {
    let (key, prefix) = BodyKey::<C>::with_salt(input, bound, [9; 24]);
    let length = body::sealed_length(plaintext.len() as u64).unwrap();
    let mut object = vec![0; usize::try_from(length).unwrap()];
    object[..PREFIX].copy_from_slice(&prefix);
    key.seal_chunks(0, plaintext, &mut object[PREFIX..], NonZeroUsize::new(threads).unwrap()).unwrap();
    object
}

fn opened<C: ChunkCipher>(input: &BodyInputKey, bound: &Bound, object: &[u8], threads: usize) -> Option<Vec<u8>> {
    let (prefix, chunks) = object.split_first_chunk::<PREFIX>().unwrap();
    let key = BodyKey::<C>::of_body(input, bound, prefix).ok()?;
    let mut plaintext = vec![0; body::opened_length(chunks.len())];
    key.open_chunks(0, chunks, &mut plaintext, NonZeroUsize::new(threads).unwrap()).ok()?;
    Some(plaintext)
}

#[test]
fn both_make_one_body() {
    let (mut input, bound) = (BodyInputKey::EMPTY, Bound::for_vectors(b"one context"));
    input.absorb(&[5; 32]);
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, (1 << 20) - 1, 1 << 20, (1 << 20) + 1] {
        let plaintext: Vec<u8> = (0..length).map(|at: usize| (at ^ (at >> 8) ^ (at >> 16)).to_le_bytes()[0]).collect();
        for threads in [1, 3] {
            let mut object = sealed::<BodyCipher>(&input, &bound, &plaintext, threads);
            assert!(object == sealed::<PortableCipher>(&input, &bound, &plaintext, threads), "{length}");
            assert!(opened::<BodyCipher>(&input, &bound, &object, threads).as_ref() == Some(&plaintext), "{length}");
            assert!(
                opened::<PortableCipher>(&input, &bound, &object, threads).as_ref() == Some(&plaintext),
                "{length}"
            );
            let middle = PREFIX + (object.len() - PREFIX) / 2;
            object[middle] ^= 1;
            assert_eq!(opened::<BodyCipher>(&input, &bound, &object, threads), None, "{length}");
            assert_eq!(opened::<PortableCipher>(&input, &bound, &object, threads), None, "{length}");
        }
    }
}
