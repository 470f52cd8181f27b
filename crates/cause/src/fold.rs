//! A fast hash for keys of machine words that no stranger chooses.

use std::hash::{BuildHasherDefault, Hasher};

/// Builds [`Words`].
pub(crate) type Fold = BuildHasherDefault<Words>;

/// Multiplies and folds word by word (the mixing step of wyhash: the two halves of a 128-bit product).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Words(u64);

impl Words {
    fn mix(&mut self, word: u64) {
        // An odd constant with even bits: the golden ratio in 64 bits.
        let product = u128::from(self.0 ^ word ^ 0xa076_1d64_78bd_642f) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product as u64) ^ (product >> 64) as u64;
    }
}

impl Hasher for Words {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.mix(word);
    }

    fn write_u128(&mut self, word: u128) {
        self.mix(word as u64);
        self.mix((word >> 64) as u64);
    }

    fn write_usize(&mut self, word: usize) {
        self.mix(word as u64);
    }
}
