//! The hash chain.
//!
//! The root is the hash of the header. Each event's hash covers the hash before it, so the last
//! hash stands for the header and every event in order. BLAKE3 in its key derivation mode
//! (O'Connor, Aumasson, Neves and Wilcox-O'Hearn, BLAKE3 specification, section 2.1) separates
//! the three uses: the hash of a header is never that of an event or of a snapshot.

use crate::{Header, Version};
use quantity::Instant;
use std::fmt;
use std::str::FromStr;

const HEADER_CONTEXT: &str = "nilometer journal 2026 header";
const EVENT_CONTEXT: &str = "nilometer journal 2026 event";
const SNAPSHOT_CONTEXT: &str = "nilometer journal 2026 snapshot";

/// A BLAKE3 hash of 32 bytes, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text is not a hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a hash: expected 64 hexadecimal digits")]
pub struct HashError(String);

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let wrong = || HashError(text.to_owned());
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

/// Computes hashes; the contexts are derived once.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    event: blake3::Hasher,
    snapshot: blake3::Hasher,
}

impl Chain {
    pub(crate) fn new() -> Self {
        Self {
            event: blake3::Hasher::new_derive_key(EVENT_CONTEXT),
            snapshot: blake3::Hasher::new_derive_key(SNAPSHOT_CONTEXT),
        }
    }

    /// The hash of an event: previous hash ‖ version ‖ at ‖ kind length ‖ kind ‖ body length ‖
    /// body; integers are 64 bit little-endian.
    pub(crate) fn event(
        &self,
        previous: &Hash,
        version: Version,
        at: Instant,
        kind: &str,
        body: &[u8],
    ) -> Hash {
        let mut hasher = self.event.clone();
        hasher.update(&previous.0);
        hasher.update(&version.0.to_le_bytes());
        hasher.update(&at.base().to_le_bytes());
        counted(&mut hasher, kind.as_bytes());
        counted(&mut hasher, body);
        finish(&hasher)
    }

    /// The hash of a snapshot: version ‖ kind length ‖ kind ‖ link ‖ length ‖ bytes, where the
    /// link is the chain's hash at the version.
    pub(crate) fn snapshot(&self, version: Version, kind: &str, link: &Hash, bytes: &[u8]) -> Hash {
        let mut hasher = self.snapshot.clone();
        hasher.update(&version.0.to_le_bytes());
        counted(&mut hasher, kind.as_bytes());
        hasher.update(&link.0);
        counted(&mut hasher, bytes);
        finish(&hasher)
    }
}

/// The root of the chain: format ‖ run length ‖ run ‖ number of pairs ‖ each key and value with
/// its length, in the order of the keys.
pub(crate) fn root(header: &Header) -> Hash {
    let mut hasher = blake3::Hasher::new_derive_key(HEADER_CONTEXT);
    hasher.update(&u64::from(header.format()).to_le_bytes());
    counted(&mut hasher, header.run().as_bytes());
    hasher.update(&(header.pairs().len() as u64).to_le_bytes());
    for (key, value) in header.pairs() {
        counted(&mut hasher, key.as_bytes());
        counted(&mut hasher, value.as_bytes());
    }
    finish(&hasher)
}

fn counted(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

fn finish(hasher: &blake3::Hasher) -> Hash {
    Hash(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_reads_back_from_its_text() {
        let hash = root(&Header::new("run"));
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert!("12".parse::<Hash>().is_err());
        assert!("g".repeat(64).parse::<Hash>().is_err());
        assert!("é".repeat(32).parse::<Hash>().is_err());
    }

    #[test]
    fn every_field_counts_and_borders_do_not_blur() {
        let chain = Chain::new();
        let zero = Hash([0; 32]);
        let hash = |version, at, kind: &str, body: &[u8]| {
            chain.event(&zero, Version(version), Instant::from_base(at), kind, body)
        };
        let base = hash(1, 2, "ab", b"cd");
        for other in [
            hash(2, 2, "ab", b"cd"),
            hash(1, 3, "ab", b"cd"),
            hash(1, 2, "abc", b"d"),
            hash(1, 2, "a", b"bcd"),
            hash(1, 2, "ab", b"ce"),
            chain.event(&base, Version(1), Instant::from_base(2), "ab", b"cd"),
            chain.snapshot(Version(1), "ab", &zero, b"cd"),
        ] {
            assert_ne!(other, base);
        }
    }

    #[test]
    fn the_chain_of_a_known_journal_never_changes() {
        // A journal written today must verify with every later release. The values were computed
        // with the BLAKE3 authors' own implementation from the layout in the comments above.
        let root = root(&Header::new("run-1").with("seed", "7"));
        let first = Chain::new().event(&root, Version(1), Instant::from_base(5), "began", b"{}");
        let saved = Chain::new().snapshot(Version(1), "sum", &first, b"state");
        assert_eq!(
            [root, first, saved].map(|hash| hash.to_string()),
            [
                "f9eb87d7e772f3a073edf67bb375001765c43f37e3ea8bee3acdf79b20916256",
                "f04f86ab8eeb430c7578d6ecbd15a1a0c3c54d2e6d5f3ad2a18c8495ff101847",
                "6a723bcf1604bc97243a01c7ef61baa1a35a3b3ae2cf34a8c553ac12325dac0f",
            ]
        );
    }
}
