//! Numbers that look random and are the same in every run.

use portward::{EntryId, Identifier};

/// SplitMix64 (Steele, Lea and Flood 2014).
pub struct Seeded(pub u64);

impl Seeded {
    /// Fewer than `bound`, each as likely as the other.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    pub fn id(&mut self) -> EntryId {
        (u128::from(self.next()) << 64 | u128::from(self.next())).to_be_bytes()
    }

    /// A UUID, which is what most deployments name their tenants by.
    pub fn tenant(&mut self) -> Identifier {
        let hex = format!("{:032x}", u128::from_be_bytes(self.id()));
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        parts.join("-").parse().unwrap()
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
