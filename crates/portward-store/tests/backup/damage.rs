use std::fs;

use portward_store::backup::{Depth, Kind, RestoreOptions};

use crate::world::{World, code, now, path_of, verify};

/// Each byte of a small file is flipped; each length is cut. All are refused, in verifying and in restoring, and nothing is made.
#[tokio::test(flavor = "multi_thread")]
async fn every_flipped_byte_and_every_cut_of_a_stream_is_refused() {
    let world = World::new();
    let backups = world.backups();
    let entry = world.stream(&backups, b"a note").await;
    let path = path_of(&backups, &entry);
    let whole = fs::read(&path).unwrap();
    verify(&backups, entry.number).await.unwrap();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        fs::write(&path, &damaged).unwrap();
        let found = verify(&backups, entry.number).await;
        assert!(found.is_err(), "byte {at} of {}", whole.len());
        let restored = backups.restore_stream("notes".parse().unwrap(), None, Vec::new()).await;
        assert_eq!(code(restored), found.unwrap_err(), "byte {at}");
    }
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(verify(&backups, entry.number).await, Err("backup_differs"), "cut to {length}");
    }
    fs::write(&path, [&whole[..], b"x"].concat()).unwrap();
    assert_eq!(verify(&backups, entry.number).await, Err("backup_differs"));
    fs::write(&path, &whole).unwrap();
    verify(&backups, entry.number).await.unwrap();
    let (_, given) = backups.restore_stream("notes".parse().unwrap(), None, Vec::new()).await.unwrap();
    assert_eq!(given, b"a note");
}

/// Where a file has many chunks: the same at each of its parts, and what the codes are.
#[tokio::test(flavor = "multi_thread")]
async fn each_region_has_its_code() {
    let world = World::new();
    let backups = world.backups();
    let plaintext: Vec<u8> = (0..100_000u32).flat_map(u32::to_be_bytes).collect();
    let entry = world.stream(&backups, &plaintext).await;
    let path = path_of(&backups, &entry);
    let whole = fs::read(&path).unwrap();
    let body = 22 + usize::from(u16::from_be_bytes([whole[20], whole[21]]));
    let chunk = body + 56;
    for (at, expected) in [
        (0, "not_an_envelope"),
        (1, "unknown_version"),
        (2, "unknown_suite"),
        (4, "unwrap_failed"),
        (21, "header_malformed"),
        (26, "no_slot"),
        (body - 1, "unwrap_failed"),
        (body, "wrong_commitment"),
        (body + 24, "wrong_commitment"),
        (chunk, "chunk_forged"),
        (chunk + 16_400 * 3 + 7, "chunk_forged"),
        (whole.len() - 1, "chunk_forged"),
    ] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        fs::write(&path, &damaged).unwrap();
        assert_eq!(verify(&backups, entry.number).await, Err(expected), "byte {at}");
    }
    // Chunks that changed places.
    let (first, second) = (chunk..chunk + 16_400, chunk + 16_400..chunk + 32_800);
    let swapped = [&whole[..chunk], &whole[second], &whole[first], &whole[chunk + 32_800..]].concat();
    fs::write(&path, swapped).unwrap();
    assert_eq!(verify(&backups, entry.number).await, Err("chunk_forged"));
    fs::write(&path, &whole).unwrap();
    verify(&backups, entry.number).await.unwrap();
}

/// A damaged database is not restored, and what stood there stands there still.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_leaves_nothing() {
    let world = World::new();
    let store = world.store().await;
    let backups = world.backups();
    let entry = backups.back_up(Kind::Data, &world.sqlite("store.db"), now()).await.unwrap();
    let path = path_of(&backups, &entry);
    let whole = fs::read(&path).unwrap();
    for at in (300..whole.len()).step_by(5_003).chain([whole.len() - 1]) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x80;
        fs::write(&path, &damaged).unwrap();
        assert!(backups.verify(entry.number, Depth::Seal).await.is_err(), "byte {at}");
        let into = world.sqlite("restored.db");
        let restored = backups.restore(Kind::Data, &into, RestoreOptions::default(), now()).await;
        assert_ne!(code(restored), "ok", "byte {at}");
        assert!(!world.file("restored.db").exists());
        world.has_no_leftovers();
    }
    fs::write(&path, &whole).unwrap();
    let into = world.sqlite("restored.db");
    backups.restore(Kind::Data, &into, RestoreOptions::default(), now()).await.unwrap();
    assert!(world.file("restored.db").exists());
    drop(store);
}
