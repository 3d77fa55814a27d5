use argon2::{Algorithm, Argon2, Params, Version};

/// The costs of one Argon2id computation, RFC 9106.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Argon2Cost {
    pub(crate) memory_kib: u32,
    pub(crate) iterations: u32,
    pub(crate) lanes: u32,
}

/// `Argon2id(v0x13, passphrase, salt)` into `output`. `None` when the costs are out of Argon2's bounds or memory is short.
pub(crate) fn argon2id(passphrase: &[u8], salt: &[u8; 32], cost: Argon2Cost, output: &mut [u8; 32]) -> Option<()> {
    let params = Params::new(cost.memory_kib, cost.iterations, cost.lanes, Some(output.len())).ok()?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(passphrase, salt, output).ok()
}
