//! age: ChaCha20-Poly1305 in chunks of 64 KiB, behind a header that wraps a file key for each recipient.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::iter;

use age::secrecy::ExposeSecret as _;
use age::{DecryptError, Decryptor, EncryptError, Encryptor, Identity, Recipient, x25519};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::primitives::{aead_decrypt, aead_encrypt, hkdf};

use crate::floor;

pub struct Peer {
    recipient: Box<dyn Recipient>,
    identity: Box<dyn Identity>,
}

impl Peer {
    /// For the holder of a key pair, which is what age is for: asymmetric, so dearer for short messages than ours.
    pub fn x25519() -> Self {
        let identity = x25519::Identity::generate();
        Self { recipient: Box::new(identity.to_public()), identity: Box::new(identity) }
    }

    /// Under a symmetric key: what age costs at the least without a passphrase.
    pub fn symmetric() -> Self {
        Self { recipient: Box::new(OwnKey([7; 32])), identity: Box::new(OwnKey([7; 32])) }
    }

    pub fn seal_stream<W: Write>(&self, source: &mut dyn Read, target: W) -> W {
        let encryptor = Encryptor::with_recipients(iter::once(&*self.recipient)).unwrap();
        let mut writer = encryptor.wrap_output(target).unwrap();
        copy(source, &mut writer);
        writer.finish().unwrap()
    }

    pub fn open_stream<W: Write>(&self, source: &mut dyn Read, mut target: W) -> W {
        let decryptor = Decryptor::new(source).unwrap();
        copy(&mut decryptor.decrypt(iter::once(&*self.identity)).unwrap(), &mut target);
        target
    }

    pub fn seal(&self, plaintext: &[u8]) -> Vec<u8> {
        let mut object = Vec::with_capacity(plaintext.len() + 1024);
        self.seal_into(plaintext, &mut object);
        object
    }

    pub fn open(&self, object: &[u8]) -> Vec<u8> {
        let mut plaintext = Vec::with_capacity(object.len());
        self.open_into(object, &mut plaintext);
        plaintext
    }

    /// In the place of what it held.
    pub fn seal_into(&self, plaintext: &[u8], object: &mut Vec<u8>) {
        object.clear();
        let encryptor = Encryptor::with_recipients(iter::once(&*self.recipient)).unwrap();
        let mut writer = encryptor.wrap_output(object).unwrap();
        writer.write_all(plaintext).unwrap();
        writer.finish().unwrap();
    }

    pub fn open_into(&self, object: &[u8], plaintext: &mut Vec<u8>) {
        plaintext.clear();
        let decryptor = Decryptor::new(object).unwrap();
        decryptor.decrypt(iter::once(&*self.identity)).unwrap().read_to_end(plaintext).unwrap();
    }
}

/// A recipient as plugins are: the file key under ChaCha20-Poly1305, under a key derived from ours and a salt.
struct OwnKey([u8; 32]);

impl Recipient for OwnKey {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let salt = floor::draw();
        let wrapped = aead_encrypt(&hkdf(&salt, OWN_KEY, &self.0), file_key.expose_secret());
        let stanza = Stanza { tag: OWN_KEY_TAG.to_owned(), args: Vec::new(), body: [&salt[..], &wrapped].concat() };
        Ok((vec![stanza], HashSet::new()))
    }
}

impl Identity for OwnKey {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        let (salt, wrapped) = stanza.body.split_at_checked(16).filter(|_| stanza.tag == OWN_KEY_TAG)?;
        let opened = aead_decrypt(&hkdf(salt, OWN_KEY, &self.0), FILE_KEY_BYTES, wrapped);
        let file_key = |opened: Vec<u8>| FileKey::new(Box::new(opened.try_into().unwrap()));
        Some(opened.map(file_key).map_err(|_| DecryptError::KeyDecryptionFailed))
    }
}

pub fn copy(source: &mut dyn Read, target: &mut dyn Write) {
    let mut buffer = vec![0; STEP];
    loop {
        match source.read(&mut buffer).unwrap() {
            0 => break,
            read => target.write_all(&buffer[..read]).unwrap(),
        }
    }
}

/// As `portward_store::objects` takes.
pub const STEP: usize = 128 * 1024;

const OWN_KEY_TAG: &str = "portward-bench";
const OWN_KEY: &[u8] = b"portward-bench";
