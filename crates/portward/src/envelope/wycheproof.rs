//! Project Wycheproof's vectors of C2SP chunked-encryption, good and bad, through every way in.

use std::io::{BufWriter, Cursor, Read, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;

use wycheproof::chunked_encryption::{TestName, TestSet};

use crate::envelope::body::{self, BodyKey, Bound, PREFIX};
use crate::envelope::tombstones::{Graves, Life};
use crate::envelope::vectors::with_bound;
use crate::envelope::{
    Context, DataKey, DataScope, Header, Keep, KeyId, OpenError, OpenReader, OpenSeek, ScopeKeys, SealWriter,
};
use crate::key::{BodyInputKey, Deployment, DeploymentId, KeyState};
use crate::objects::{ObjectError, WholeFile, open_file, seal_file};
use crate::primitive::{BodyCipher, sha512_for_tests};

type Opened = Result<Vec<u8>, OpenError>;

/// One object of the set and what opens it.
struct Case<'a> {
    input: &'a BodyInputKey,
    bound: &'a Bound,
    object: &'a [u8],
}

impl Case<'_> {
    fn key(&self) -> Result<BodyKey<BodyCipher>, OpenError> {
        let prefix = self.object.first_chunk::<PREFIX>().ok_or(OpenError::BodyTruncated)?;
        BodyKey::of_body(self.input, self.bound, prefix)
    }

    fn chunks(&self) -> &[u8] {
        self.object.get(PREFIX..).unwrap_or_default()
    }

    fn slice(&self, threads: usize) -> Opened {
        let key = self.key()?;
        let mut plaintext = vec![0; body::opened_length(self.chunks().len())];
        let opened = key.open_chunks(0, self.chunks(), &mut plaintext, NonZeroUsize::new(threads).unwrap());
        assert!(opened.is_ok() || plaintext.iter().all(|byte| *byte == 0), "nothing of a refused object is left");
        opened?;
        if body::ends(self.chunks().len()) { Ok(plaintext) } else { Err(OpenError::BodyTruncated) }
    }

    /// Read in portions of this many bytes from a source that gives as few at a time.
    fn reader(&self, portion: usize, threads: usize) -> Opened {
        let threads = NonZeroUsize::new(threads).unwrap();
        let mut reader = OpenReader::new(Dribble(self.chunks(), portion), life(), self.key()?, threads);
        let (mut plaintext, mut buffer) = (Vec::new(), vec![0; portion]);
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(plaintext),
                Ok(length) => plaintext.extend_from_slice(&buffer[..length]),
                Err(error) => {
                    assert!(reader.read(&mut buffer).is_err(), "it keeps failing");
                    return Err(inner(error));
                }
            }
        }
    }

    /// From one file into another, in portions of 128 KiB.
    fn file(&self, threads: usize) -> Opened {
        let folder = tempfile::tempdir().unwrap();
        let (sealed, opened) = (folder.path().join("sealed"), folder.path().join("opened"));
        std::fs::write(&sealed, self.chunks()).unwrap();
        let threads = NonZeroUsize::new(threads).unwrap();
        let mut reader = OpenReader::new(std::fs::File::open(sealed).unwrap(), life(), self.key()?, threads);
        let mut target = BufWriter::with_capacity(131_072, std::fs::File::create(&opened).unwrap());
        std::io::copy(&mut reader, &mut target).map_err(inner)?;
        target.into_inner().unwrap();
        Ok(std::fs::read(opened).unwrap())
    }

    /// The body as that of an object in a file, opened into a file by `portward-store`, which is there whole or not at all.
    fn open_file(&self, threads: usize) -> Opened {
        let folder = tempfile::tempdir().unwrap();
        let (sealed, opened) = (folder.path().join("sealed"), folder.path().join("opened"));
        let (keys, context, id) = self.keys();
        std::fs::write(&sealed, [&Header::detached(id).to_bytes(), self.object].concat()).unwrap();
        let (mut source, target) = (std::fs::File::open(&sealed).unwrap(), WholeFile::create(&opened).unwrap());
        let done = with_bound(self.bound.to_vec(), || {
            open_file(&keys, &context, &mut source, target, NonZeroUsize::new(threads).unwrap())
        });
        let names = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, if done.is_ok() { 2 } else { 1 }, "nothing of what was refused has a name");
        match done {
            Ok(length) => {
                let plaintext = std::fs::read(opened).unwrap();
                assert_eq!(length, plaintext.len() as u64);
                Ok(plaintext)
            }
            Err(ObjectError::Open(error)) => Err(error),
            Err(other) => panic!("{other}"),
        }
    }

    /// What `portward-store` seals into a file under the same key and the same context: the body alone.
    fn seal_file(&self, plaintext: &[u8], threads: usize) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sealed");
        let (keys, context, id) = self.keys();
        let (mut source, target) = (plaintext, WholeFile::create(&path).unwrap());
        let threads = NonZeroUsize::new(threads).unwrap();
        let sealed = with_bound(self.bound.to_vec(), || {
            seal_file(&keys, &context, Keep::Detached, &mut source, target, threads)
        });
        assert_eq!(sealed.unwrap(), plaintext.len() as u64);
        let object = std::fs::read(path).unwrap();
        object.strip_prefix(Header::detached(id).to_bytes().as_slice()).unwrap().to_vec()
    }

    fn keys(&self) -> (ScopeKeys, Context, KeyId) {
        let deployment = Deployment::generate(crate::Vocabulary::portal()).unwrap();
        let (tenant, scope): (_, DataScope) = (1.into(), "file:1".parse().unwrap());
        let key = DataKey::generate(&deployment.id, tenant, scope.clone()).unwrap().with_body_key(self.input);
        let id = key.id();
        let keys = ScopeKeys::new(&deployment, tenant, scope).with_data_key(Arc::new(key), KeyState::Active);
        (keys, Context::new(&tenant, "files.content", "1").unwrap(), id)
    }

    fn seekable(&self) -> Opened {
        let mut reader = OpenSeek::new(Cursor::new(self.object), life(), self.key()?, 0).map_err(inner)?;
        let mut plaintext = Vec::new();
        reader.read_to_end(&mut plaintext).map_err(inner)?;
        assert_eq!(reader.length(), plaintext.len() as u64);
        Ok(plaintext)
    }
}

/// Any key: what is read and written here is not under it.
fn data_key() -> DataKey {
    DataKey::generate(&DeploymentId::from_bytes([1; 16]), 1.into(), "file:1".parse().unwrap()).unwrap()
}

fn life() -> Life {
    Life::of(&data_key(), &Arc::new(Graves::new(1.into())))
}

/// Gives few bytes at a time.
struct Dribble<'a>(&'a [u8], usize);

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = buffer.len().min(self.1);
        self.0.read(&mut buffer[..length])
    }
}

fn inner(error: std::io::Error) -> OpenError {
    *error.into_inner().unwrap().downcast::<OpenError>().unwrap()
}

fn input_key(key: &[u8; 32]) -> BodyInputKey {
    let mut input = BodyInputKey::EMPTY;
    input.absorb(key);
    input
}

fn inflate(bytes: &[u8]) -> Vec<u8> {
    let mut inflated = Vec::new();
    flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut inflated).unwrap();
    inflated
}

#[test]
fn every_vector_through_every_way_in() {
    let (mut good, mut bad) = (0, 0);
    for test in TestSet::load(TestName::Cobblestone256).unwrap().test_groups.into_iter().flat_map(|group| group.tests) {
        let Ok(key) = <[u8; 32]>::try_from(test.key.as_slice()) else {
            assert!(test.result.must_fail(), "keys have 32 bytes");
            bad += 1;
            continue;
        };
        let (input, bound, object) = (input_key(&key), Bound::for_vectors(&test.ctx), inflate(&test.ct));
        let case = Case { input: &input, bound: &bound, object: &object };
        let ways = [
            case.slice(1),
            case.slice(2),
            case.slice(7),
            case.reader(1000, 1),
            case.reader(40_000, 3),
            case.file(1),
            case.file(2),
            case.open_file(1),
            case.open_file(2),
            case.seekable(),
        ];
        for opened in &ways {
            match opened {
                Ok(plaintext) => {
                    assert!(!test.result.must_fail(), "{}: {}", test.tc_id, test.comment);
                    assert_eq!(Some(plaintext.len()), test.msg_length, "{}", test.tc_id);
                    assert_eq!(
                        sha512_for_tests(plaintext),
                        test.msg_sha512.as_ref().unwrap().as_slice(),
                        "{}",
                        test.tc_id
                    );
                }
                Err(error) => assert!(test.result.must_fail(), "{}: {error:?}", test.tc_id),
            }
        }
        // All ways but the seekable, which looks at the end first, tell the first failure.
        assert!(
            ways[..9].iter().all(|opened| opened == &ways[0]),
            "{}: {:?}",
            test.tc_id,
            ways[..9].iter().map(|way| way.as_ref().err()).collect::<Vec<_>>()
        );
        if let Ok(plaintext) = &ways[0] {
            good += 1;
            for threads in [1, 2, 5] {
                assert!(sealed_again(&input, &bound, &object, plaintext, threads) == object, "{}", test.tc_id);
            }
            for way in [[1000, 1], [20_000, 1], [100_000, 3]] {
                assert!(written_again(&input, &bound, &object, plaintext, way) == object, "{}", test.tc_id);
            }
            for threads in [1, 2] {
                // Under a salt of its own.
                let object = case.seal_file(plaintext, threads);
                let again = Case { input: &input, bound: &bound, object: &object };
                assert!(again.slice(1).as_ref() == Ok(plaintext), "{}", test.tc_id);
                assert!(again.open_file(threads).as_ref() == Ok(plaintext), "{}", test.tc_id);
            }
        } else {
            bad += 1;
        }
    }
    assert!(good >= 10 && bad >= 25, "{good} good, {bad} bad");
}

fn sealed_again(input: &BodyInputKey, bound: &Bound, object: &[u8], plaintext: &[u8], threads: usize) -> Vec<u8> {
    let (key, prefix) = BodyKey::<BodyCipher>::with_salt(input, bound, *object.first_chunk().unwrap());
    let length = body::sealed_length(plaintext.len() as u64).unwrap();
    let mut sealed = vec![0; usize::try_from(length).unwrap()];
    sealed[..PREFIX].copy_from_slice(&prefix);
    key.seal_chunks(0, plaintext, &mut sealed[PREFIX..], NonZeroUsize::new(threads).unwrap()).unwrap();
    sealed
}

fn written_again(
    input: &BodyInputKey,
    bound: &Bound,
    object: &[u8],
    plaintext: &[u8],
    [portion, threads]: [usize; 2],
) -> Vec<u8> {
    let (key, prefix) = BodyKey::with_salt(input, bound, *object.first_chunk().unwrap());
    let threads = NonZeroUsize::new(threads).unwrap();
    let mut writer = SealWriter::new(prefix.to_vec(), Arc::new(data_key()), life(), key, threads);
    plaintext.chunks(portion).for_each(|bytes| writer.write_all(bytes).unwrap());
    writer.finish().unwrap()
}
