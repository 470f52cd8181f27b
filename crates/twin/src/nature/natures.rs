//! Several questions in one hall: each plate is answered by the nature of its own.

use super::{Bound, Nature, NatureError, ReagentMeaning, Void};
use quantity::ReagentId;
use std::fmt;
use std::sync::Arc;

/// The ground truths of a hall. Each answers for liquids of its own, whose ids follow one another; what is in a
/// plate says whose it is, since nobody puts liquids of two questions together.
#[derive(Clone)]
pub struct Natures {
    /// The first reagent of each, ascending; the first one has those before it as well.
    parts: Vec<(ReagentId, Arc<dyn Nature>)>,
}

impl Natures {
    /// With another one, which answers for the reagents from this id on. Reagents come in ascending order.
    #[must_use]
    pub fn and(mut self, first: ReagentId, nature: Arc<dyn Nature>) -> Self {
        debug_assert!(self.parts.last().is_none_or(|last| last.0 <= first));
        self.parts.push((first, nature));
        self
    }

    /// Who answers for a reagent.
    #[must_use]
    pub fn of(&self, reagent: ReagentId) -> &Arc<dyn Nature> {
        let after = self.parts.partition_point(|part| part.0 <= reagent);
        &self.parts[after.saturating_sub(1)].1
    }

    /// Who answers for a plate that holds this reagent, or nothing.
    #[must_use]
    pub fn of_plate(&self, holds: Option<ReagentId>) -> &Arc<dyn Nature> {
        self.of(holds.unwrap_or(ReagentId(0)))
    }

    /// What a reagent is to the nature that answers for it.
    ///
    /// # Errors
    /// See [`Nature::bind`].
    pub fn bind(&self, id: ReagentId, meaning: &ReagentMeaning) -> Result<Bound, NatureError> {
        self.of(id).bind(meaning)
    }
}

impl Default for Natures {
    fn default() -> Self {
        Self::from(Void)
    }
}

impl<N: Nature + 'static> From<N> for Natures {
    fn from(nature: N) -> Self {
        Self::from(Arc::new(nature) as Arc<dyn Nature>)
    }
}

impl From<Arc<dyn Nature>> for Natures {
    fn from(nature: Arc<dyn Nature>) -> Self {
        Self {
            parts: vec![(ReagentId(0), nature)],
        }
    }
}

impl fmt::Debug for Natures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.parts).finish()
    }
}
