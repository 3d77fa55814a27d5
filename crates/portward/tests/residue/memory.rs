//! The search.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Mutex};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use portward::envelope::{Binding, Context, KekError, KekName, Slot, UnwrapKey, VaultFile, WrapKey};
use portward::*;
use zeroize::Zeroize as _;

/// A secret, kept in a form that a search does not find.
struct Needle(Vec<u8>);

const MASK: u8 = 0x5a;

impl Needle {
    fn of(secret: &mut [u8]) -> Self {
        let needle = secret.iter().map(|byte| byte ^ MASK).collect();
        secret.zeroize();
        Self(needle)
    }

    fn is_at(&self, place: &[u8]) -> bool {
        place.iter().zip(&self.0).all(|(byte, masked)| byte ^ MASK == *masked)
    }

    /// How often it lies in what this process can write.
    fn count(&self, buffer: &mut [u8]) -> usize {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let memory = File::open("/proc/self/mem").unwrap();
        let mut found = 0;
        for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|rights| rights.starts_with("rw"))) {
            let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
            let at = |text| u64::from_str_radix(text, 16).unwrap();
            let (mut from, to) = (at(from), at(to));
            while from < to {
                let length = buffer.len().min(usize::try_from(to - from).unwrap());
                let Ok(read) = memory.read_at(&mut buffer[..length], from) else { break };
                let places = buffer[..read].windows(self.0.len());
                found += places.filter(|place| self.is_at(place)).count();
                buffer.zeroize();
                // What lies across the end of a piece is found in the next one.
                let step = if from + read as u64 == to { read } else { read.saturating_sub(self.0.len() - 1) };
                from += step.max(1) as u64;
            }
        }
        found
    }
}

/// The key of a device, which wraps a data key as a needle.
struct Device {
    name: KekName,
    wrapped: Mutex<Vec<u8>>,
}

impl WrapKey for Device {
    fn kek(&self) -> KekName {
        self.name.clone()
    }

    fn wrap(&self, _: &Binding, key: &[u8; 32]) -> Result<Vec<u8>, KekError> {
        let masked: Vec<u8> = key.iter().map(|byte| byte ^ MASK).collect();
        self.wrapped.lock().unwrap().clone_from(&masked);
        Ok(masked)
    }
}

impl UnwrapKey for Device {
    fn resolves(&self, _: &KekName) -> bool {
        true
    }

    fn unwrap(&self, slot: &Slot, _: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
        key.iter_mut().zip(slot.wrapped()).for_each(|(key, masked)| *key = masked ^ MASK);
        Ok(())
    }
}

/// Signs, verifies, narrows and publishes, as an application does.
fn work(deployment: &Arc<Deployment>, keyring: &Arc<Keyring>) {
    let now = SystemClock.now();
    let issuer = Issuer::new(Arc::clone(deployment), Arc::clone(keyring));
    let (tenant, client) = ("studio-7".parse().unwrap(), "42".parse().unwrap());
    let permissions = deployment.vocabulary.expand(["files:read"]).unwrap();
    let link = issuer.issue_link(&LinkRequest::new(tenant, client, permissions), Generations::default(), now.wall);
    let link = link.unwrap();
    let options = VerifierOptions::default();
    let verifier = Verifier::new(Arc::clone(deployment), Arc::clone(keyring), Revocation::None(NoRevocation), options);
    let verifier = verifier.unwrap();
    let access = verifier.verify_link(link.text(), now).unwrap();
    let session = issuer.issue_session(&access, &SessionLimits::default(), now.wall).unwrap();
    verifier.verify_session(session.text(), now).unwrap();
    let mut authority = Authority::new(Arc::clone(keyring), Incarnation::generate(now.wall, None).unwrap()).unwrap();
    authority.revoke_tenant(tenant).unwrap();
    authority.view().save(keyring).unwrap();
}

/// The one test of this process.
#[test]
fn no_key_is_left_behind() {
    let mut buffer = vec![0; 1 << 20];
    no_root_key(&mut buffer);
    no_data_key(&mut buffer);
}

/// One that is made, and one that is unwrapped; used for records, and for an object of several chunks.
fn no_data_key(buffer: &mut [u8]) {
    let device = Device { name: VaultFile::kek("a key").unwrap(), wrapped: Mutex::default() };
    let tenant = "studio-7".parse().unwrap();
    let context = Context::new(&tenant, "files.content", "1").unwrap();
    let (file, mut keys) = VaultFile::create(tenant, &device).unwrap();
    let needle = Needle(device.wrapped.lock().unwrap().clone());
    for round in 0..2 {
        let large = keys.seal_record(&context, &[7; 100_000]).unwrap();
        assert_eq!(keys.open_record(&context, &large).unwrap(), [7; 100_000]);
        assert_eq!(needle.count(buffer), 1, "the control: a key in use is in one place");
        drop(keys);
        assert_eq!(needle.count(buffer), 0, "what is dropped is gone, {round}");
        keys = file.open(&tenant, &device).unwrap();
    }
}

fn no_root_key(buffer: &mut [u8]) {
    let now = SystemClock.now().wall;
    let deployment = Arc::new(Deployment::generate(Vocabulary::portal()).unwrap());
    let mut keyring = Arc::new(Keyring::generate(&deployment, now).unwrap());
    let (raw, text) = {
        let json = keyring.to_json();
        let at = json.windows(5).position(|place| place == b"pwk1_").unwrap() + 5;
        let text = &json[at..at + 48];
        let mut raw = BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
        (Needle::of(&mut raw[..32]), Needle::of(&mut text.to_vec()))
    };
    assert_eq!(text.count(buffer), 0, "the file's text is wiped with it");
    work(&deployment, &keyring);
    assert!(raw.count(buffer) > 0, "the control: a keyring in use has it");

    // Through a file, as it is opened every day.
    let json = keyring.to_json();
    assert!(text.count(buffer) > 0, "the control: so has a file");
    keyring = Arc::new(Keyring::from_json(&json, &deployment).unwrap());
    drop(json);
    assert_eq!(text.count(buffer), 0);
    work(&deployment, &keyring);
    assert_eq!(raw.count(buffer), 1, "one place, wherever it was moved");

    let sealed = SealedKeyring::seal(&keyring, b"a passphrase", PassphraseCost::default()).unwrap();
    keyring = Arc::new(sealed.open(b"a passphrase").unwrap().keyring);
    assert_eq!(raw.count(buffer), 1);
    work(&deployment, &keyring);
    drop(keyring);
    assert_eq!((raw.count(buffer), text.count(buffer)), (0, 0), "what is dropped is gone");
}
