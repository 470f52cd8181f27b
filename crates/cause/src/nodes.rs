//! Sets of variables.

/// The most variables of one problem: a set of them is one 128-bit word.
pub const MAX_VARIABLES: usize = 128;
const _: () = assert!(MAX_VARIABLES <= u128::BITS as usize);

/// A set of variables, by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nodes(pub u128);

impl Nodes {
    /// No variable.
    pub const NONE: Self = Self(0);

    /// One variable.
    #[must_use]
    pub fn one(node: usize) -> Self {
        Self(1 << node)
    }

    /// The first `count` variables.
    #[must_use]
    pub fn first(count: usize) -> Self {
        if count >= MAX_VARIABLES {
            Self(u128::MAX)
        } else {
            Self((1 << count) - 1)
        }
    }

    /// Whether it holds the variable.
    #[must_use]
    pub fn has(self, node: usize) -> bool {
        self.0 >> node & 1 == 1
    }

    /// With the variable.
    #[must_use]
    pub fn with(self, node: usize) -> Self {
        Self(self.0 | 1 << node)
    }

    /// Without the variable.
    #[must_use]
    pub fn without(self, node: usize) -> Self {
        Self(self.0 & !(1 << node))
    }

    /// What is in either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is here and not there.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// How many.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members in order.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            (rest != 0).then(|| {
                let node = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                node
            })
        })
    }
}

impl FromIterator<usize> for Nodes {
    fn from_iter<I: IntoIterator<Item = usize>>(nodes: I) -> Self {
        nodes.into_iter().fold(Self::NONE, Self::with)
    }
}
