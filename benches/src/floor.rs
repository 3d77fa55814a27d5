//! The least work that any token under HMAC-SHA-256 costs: no parsing, no looking anything up, no answer.

use std::cell::RefCell;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig, Simd};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

type Digest = [u8; 32];

static BASE64URL: LazyLock<Simd> = LazyLock::new(|| {
    let unpadded =
        GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::RequireNone);
    Simd::url_safe(unpadded)
});

const PREFIX: &str = "pwl_";
const TAG: usize = 32;
const CRC: usize = 4;

/// A keyed state, which is cloned for every message.
pub struct Floor {
    state: Hmac<Sha256>,
}

impl Default for Floor {
    fn default() -> Self {
        Self { state: keyed(&[7; 32]) }
    }
}

impl Floor {
    /// Decodes the text and computes one tag over what a head of this length would be.
    pub fn verify(&self, text: &str) -> Digest {
        let mut buffer = [0; 256];
        let bytes = decode(text, &mut buffer);
        tag(&self.state, &bytes[..bytes.len() - TAG - CRC])
    }

    /// The same with a key that is derived first: one block of HKDF-Expand under a keyed root, and a key schedule.
    pub fn verify_cold(&self, text: &str, info: &[u8]) -> Digest {
        let derived = tag_of_two(&self.state, info, &[1]);
        Self { state: keyed(&derived) }.verify(text)
    }

    /// Decodes the text, then one tag over the head and one under each tag over the next block.
    pub fn verify_chain(&self, text: &str, head: usize, blocks: u64) -> Digest {
        let mut buffer = [0; 768];
        let bytes = decode(text, &mut buffer);
        let (head, rest) = bytes[..bytes.len() - TAG - CRC].split_at(head);
        let length = rest.len() / usize::try_from(blocks).unwrap();
        rest.chunks(length).fold(tag(&self.state, head), |last, block| tag(&keyed(&last), block))
    }

    /// Draws an id, computes the tag and writes the text. `bytes` is a whole token, whose id and tag are overwritten.
    pub fn issue(&self, bytes: &mut [u8]) -> String {
        bytes[6..22].copy_from_slice(&draw());
        self.issue_given_id(bytes)
    }

    /// The same without drawing.
    pub fn issue_given_id(&self, bytes: &mut [u8]) -> String {
        let head = bytes.len() - TAG - CRC;
        let tag = tag(&self.state, &bytes[..head]);
        bytes[head..head + TAG].copy_from_slice(&tag);
        let mut text = String::with_capacity(PREFIX.len() + (bytes.len() * 4).div_ceil(3));
        text.push_str(PREFIX);
        BASE64URL.encode_string(bytes, &mut text);
        text
    }
}

/// The bytes of a token.
pub fn bytes(text: &str) -> Vec<u8> {
    let mut buffer = [0; 768];
    decode(text, &mut buffer).to_vec()
}

/// How long the head of a link without blocks is.
pub fn head_length(text: &str) -> usize {
    bytes(text).len() - TAG - CRC
}

/// The same token with one bit of the tag turned over, and the checksum put right.
pub fn forged(text: &str) -> String {
    edited(text, |bytes| {
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
    })
}

/// The same token with something done to its head, blocks and tag, and the checksum put right.
pub fn edited(text: &str, edit: impl FnOnce(&mut Vec<u8>)) -> String {
    let (prefix, mut bytes) = (&text[..PREFIX.len()], bytes(text));
    bytes.truncate(bytes.len() - CRC);
    edit(&mut bytes);
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(prefix.as_bytes());
    hasher.update(&bytes);
    bytes.extend(hasher.finalize().to_be_bytes());
    prefix.to_owned() + &BASE64URL.encode(bytes)
}

fn decode<'b>(text: &str, buffer: &'b mut [u8]) -> &'b [u8] {
    let length = BASE64URL.decode_slice(&text[PREFIX.len()..], buffer).unwrap();
    &buffer[..length]
}

fn keyed(key: &Digest) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).unwrap()
}

fn tag(state: &Hmac<Sha256>, message: &[u8]) -> Digest {
    let mut mac = state.clone();
    mac.update(message);
    mac.finalize().into_bytes().into()
}

fn tag_of_two(state: &Hmac<Sha256>, a: &[u8], b: &[u8]) -> Digest {
    let mut mac = state.clone();
    mac.update(a);
    mac.update(b);
    mac.finalize().into_bytes().into()
}

/// 16 bytes of a block drawn by one system call and used up piece by piece, unless the process is another one.
pub fn draw() -> [u8; 16] {
    POOL.with_borrow_mut(|(block, left, process)| {
        let this = std::process::id();
        if *left == 0 || *process != this {
            getrandom::fill(block).unwrap();
            (*left, *process) = (block.len(), this);
        }
        *left -= 16;
        block[*left..].first_chunk().copied().unwrap()
    })
}

thread_local! {
    static POOL: RefCell<([u8; 256], usize, u32)> = const { RefCell::new(([0; 256], 0, 0)) };
}
