//! A quick hash for maps whose keys are small numbers of our own making.

use std::hash::Hasher;

/// Rotates, adds and multiplies word by word. Keys come from a hall, never from outside, so nobody
/// can choose them to collide; nothing depends on the order of such a map.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mix(u64);

/// An odd number near 2^64 divided by the golden ratio (Knuth, The Art of Computer Programming,
/// volume 3, section 6.4).
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        // The table takes its bits from both ends; those at the top are mixed best.
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(byte.into());
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(word.into());
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(word.into());
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    }

    fn write_i64(&mut self, word: i64) {
        self.write_u64(word as u64);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.write_u64(word as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::hash::{BuildHasher, BuildHasherDefault};

    #[test]
    fn pairs_of_small_numbers_rarely_collide() {
        let build = BuildHasherDefault::<Mix>::default();
        let hashes = || (0..200_u32).flat_map(|a| (0..200_u32).map(move |b| (a, b)));
        let whole: HashSet<u64> = hashes().map(|pair| build.hash_one(pair)).collect();
        assert_eq!(whole.len(), 40_000);
        let low: HashSet<u64> = hashes().map(|pair| build.hash_one(pair) & 0xffff).collect();
        // As many as 40,000 throws into 65,536 boxes fill at random: 29,900 give or take 90.
        assert!(low.len() > 29_000, "{}", low.len());
    }
}
