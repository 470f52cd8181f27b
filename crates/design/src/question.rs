//! What is asked of the space.

/// What one response should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// Be as high as possible somewhere.
    Maximise,
    /// Be as low as possible somewhere.
    Minimise,
    /// Be known everywhere: make the model's error small over the whole space.
    Map,
}

/// A response, and what it should do.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// The response's name.
    pub name: String,
    /// What it should do.
    pub aim: Aim,
}

/// A response that must stay on one side of a bound for a point to count.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// The response's name.
    pub name: String,
    /// Which side counts.
    pub side: Side,
    /// The bound, in the response's unit.
    pub bound: f64,
}

/// A side of a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The bound and below.
    AtMost,
    /// The bound and above.
    AtLeast,
}

/// What is asked. The values of a trial are one per goal, then one per limit, in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The responses to steer, at least one.
    pub goals: Vec<Goal>,
    /// The responses that only must keep a bound.
    pub limits: Vec<Limit>,
    /// How many batches, this one included, are still to be asked for, where that is known: the last
    /// ones then explore less.
    pub rounds: Option<u32>,
    /// Several goals: the response values that a point must beat in every goal to count, one per goal.
    pub reference: Option<Vec<f64>>,
}

impl Question {
    /// Make one response as high as possible.
    #[must_use]
    pub fn maximise(name: &str) -> Question {
        Question::one(name, Aim::Maximise)
    }

    /// Make one response as low as possible.
    #[must_use]
    pub fn minimise(name: &str) -> Question {
        Question::one(name, Aim::Minimise)
    }

    /// Learn one response everywhere.
    #[must_use]
    pub fn map(name: &str) -> Question {
        Question::one(name, Aim::Map)
    }

    fn one(name: &str, aim: Aim) -> Question {
        let goals = vec![Goal {
            name: name.into(),
            aim,
        }];
        Question {
            goals,
            limits: Vec::new(),
            rounds: None,
            reference: None,
        }
    }

    /// The number of values that a trial holds.
    #[must_use]
    pub fn responses(&self) -> usize {
        self.goals.len() + self.limits.len()
    }
}
