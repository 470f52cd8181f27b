//! Who is on its way, and who only gives way: what keeps a crowd from jamming.
//!
//! On a crowded map more robots on their way mean more that are in each other's way, up to a jam in
//! which none of them gets anywhere. So only as many are on their way as there is room for (a limit on
//! active robots, as in Jiang, Zhang, Veerapaneni and Li, *Scaling Lifelong Multi-Agent Path Finding
//! to More Realistic Settings*, SoCS 2024); the others stand or move as those need it. Two that want to
//! pass each other where there is no room may still wait for each other for good, whoever has
//! priority. So who has not come nearer to its goal for a while gives way for a random time, as
//! stations on a shared line do after a collision (Metcalfe and Boggs, *Ethernet*, Commun. ACM 19
//! (1976) 395).

use quantity::Rng;
use rand::RngExt;

/// So many robots are on their way for each free cell without a robot.
const PER_FREE_CELL: f64 = 0.67;
/// Who has not come nearer for more than so many steps gives way,
const PATIENCE: u32 = 15;
/// for a time from this many steps
const AWAY_LEAST: u64 = 10;
/// to less than that many.
const AWAY_MOST: u64 = 30;
const _: () = assert!(AWAY_LEAST < AWAY_MOST);

/// How many robots of `robots` may be on their way on a map of so many cells.
pub(crate) fn most_on_their_way(cells: usize, robots: usize) -> usize {
    let free = cells.saturating_sub(robots);
    ((free as f64 * PER_FREE_CELL) as usize).clamp(1, robots.max(1))
}

/// How each robot gets on, and who gives way until when.
#[derive(Clone, Debug)]
pub(crate) struct Yielding {
    /// How near to its goal each has been.
    nearest: Vec<u16>,
    /// Steps on its way since it was.
    vain: Vec<u32>,
    /// The step until which each gives way.
    until: Vec<u64>,
}

impl Yielding {
    /// None gives way.
    pub(crate) fn new(robots: usize) -> Self {
        Self {
            nearest: vec![u16::MAX; robots],
            vain: vec![0; robots],
            until: vec![0; robots],
        }
    }

    /// Whether a robot gives way in a step.
    pub(crate) fn yields(&self, robot: usize, step: u64) -> bool {
        self.until[robot] > step
    }

    /// A robot is on its way in a step, this far from its goal.
    pub(crate) fn on_its_way(&mut self, robot: usize, far: u16, step: u64, rng: &mut Rng) {
        if far < self.nearest[robot] {
            self.nearest[robot] = far;
            self.vain[robot] = 0;
            return;
        }
        self.vain[robot] += 1;
        if self.vain[robot] > PATIENCE {
            self.begins(robot);
            self.until[robot] = step + rng.random_range(AWAY_LEAST..AWAY_MOST);
        }
    }

    /// A robot has a new goal.
    pub(crate) fn begins(&mut self, robot: usize) {
        self.nearest[robot] = u16::MAX;
        self.vain[robot] = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantity::Seed;

    #[test]
    fn who_comes_no_nearer_gives_way_for_a_while() {
        let mut rng = Seed(1).derive("yielding", 0).rng();
        let mut yielding = Yielding::new(2);
        let mut begun = None;
        for step in 1..=40 {
            yielding.on_its_way(0, 100 - step as u16, step, &mut rng);
            if begun.is_none() {
                yielding.on_its_way(1, 7, step, &mut rng);
                begun = yielding.yields(1, step).then_some(step);
            }
        }
        let begun = begun.unwrap();
        assert_eq!(begun, u64::from(PATIENCE) + 2);
        assert!(!yielding.yields(0, 40));
        assert!(yielding.yields(1, begun + AWAY_LEAST - 1));
        assert!(!yielding.yields(1, begun + AWAY_MOST));
    }

    #[test]
    fn as_many_are_on_their_way_as_there_is_room_for() {
        assert_eq!(most_on_their_way(1_000, 100), 100);
        assert_eq!(most_on_their_way(1_000, 500), 335);
        assert_eq!(most_on_their_way(1_000, 1_000), 1);
        assert_eq!(most_on_their_way(10, 0), 1);
    }
}
