//! From chosen points to a plate that is handed in: asking the policy, confirming, laying out, ordering.

use crate::answer::{self, CONFIRM};
use crate::map::PlateMap;
use crate::proposer::{self, PROPOSED};
use crate::record::{Asked, AskedPoint, Plated, Record, VERSION, write_content};
use crate::turn::Loop;
use crate::worklists::worklists;
use conductor::{Input, Turn};
use design::{AskError, Point};
use protocol::Order;
use quantity::{Instant, Seed};
use std::sync::Arc;

/// A point that was chosen.
struct Chosen {
    point: Point,
    /// The mean and standard deviation that the policy expects there.
    predicted: Option<(f64, f64)>,
    why: &'static str,
    /// The model that proposed it, and its place in that answer.
    proposal: Option<(String, u32)>,
}

impl Loop {
    /// Points that a plate takes.
    pub(crate) fn capacity(&self) -> usize {
        let causes = self.campaign.causes.as_ref().and_then(|c| c.wells);
        let most = causes.or_else(|| self.campaign.rivals.as_ref()?.points);
        let fit = self.campaign.assay.points_per_plate();
        most.map_or(fit, |most| fit.min(most as usize))
    }

    /// New points that the next plate has room for.
    pub(crate) fn room(&self) -> usize {
        self.capacity().saturating_sub(self.state.again.len())
    }

    /// Points to be asked again, as many as fit; the rest of the plate is for new ones.
    pub(crate) fn again(&self, room: usize) -> Vec<u32> {
        self.state.again.iter().copied().take(room).collect()
    }

    /// Hands in a plate; false if there is nothing to put on it now.
    pub(crate) fn plate(&mut self, fresh: bool, now: Instant, turn: &mut Turn) -> bool {
        let capacity = self.capacity();
        let mut seats = self.again(capacity);
        if fresh && seats.len() < capacity {
            match self.ask(capacity - seats.len(), now, turn) {
                Ok(new) => seats.extend(new),
                Err(why) if seats.is_empty() => {
                    if self.state.in_flight() == 0 {
                        self.close(Some(why), now, turn);
                    }
                    return false;
                }
                Err(_) => {}
            }
        }
        if seats.is_empty() {
            return false;
        }
        let replicates = vec![self.campaign.assay.replicates; seats.len()];
        self.submit(seats, replicates, false, now, turn);
        true
    }

    /// Asks the policy for this many points, or as many as there are; their numbers.
    pub(crate) fn ask(
        &mut self,
        count: usize,
        now: Instant,
        turn: &mut Turn,
    ) -> Result<Vec<u32>, String> {
        let proposed = proposer::seats(&self.campaign, &self.state, count);
        let mut pending = self.state.pending();
        pending.extend(proposed.iter().map(|seat| seat.point.clone()));
        let count = count - proposed.len();
        let seed = self
            .campaign
            .seed
            .derive("ask", u64::from(self.state.batches));
        let proposals = match self.policy.ask(count, &pending, seed) {
            Err(AskError::Exhausted { left, .. }) if left > 0 => {
                self.policy.ask(left, &pending, seed)
            }
            other => other,
        };
        let proposals = proposals.map_err(|error| match error {
            AskError::Exhausted { .. } => "every point of the space was measured".to_owned(),
            other => other.to_string(),
        })?;
        let own = proposals.into_iter().map(|p| Chosen {
            point: p.point,
            predicted: p.predicted.map(|p| (p.mean, p.sd)),
            why: p.why.name(),
            proposal: None,
        });
        let mut points: Vec<Chosen> = own.collect();
        let others: Vec<Point> = proposed.iter().map(|seat| seat.point.clone()).collect();
        let expected = if others.is_empty() {
            None
        } else {
            self.policy.predict(&others)
        };
        for (at, seat) in proposed.into_iter().enumerate() {
            points.push(Chosen {
                point: seat.point,
                predicted: expected.as_ref().map(|all| (all[at].mean, all[at].sd)),
                why: PROPOSED,
                proposal: Some(seat.by),
            });
        }
        let name = self.policy.name().to_owned();
        let note = self.policy.note();
        Ok(self.asked(&name, note, points, seed, now, turn))
    }

    fn asked(
        &mut self,
        policy: &str,
        note: Option<String>,
        points: Vec<Chosen>,
        seed: Seed,
        now: Instant,
        turn: &mut Turn,
    ) -> Vec<u32> {
        let first = self.state.points.len() as u32;
        let ids: Vec<u32> = (first..first + points.len() as u32).collect();
        let space = &self.campaign.space;
        let points = ids
            .iter()
            .zip(points)
            .map(|(id, chosen)| AskedPoint {
                id: *id,
                levels: space
                    .factors
                    .iter()
                    .zip(&chosen.point.0)
                    .map(|(f, level)| f.print(level))
                    .collect(),
                predicted: chosen
                    .predicted
                    .filter(|(mean, sd)| mean.is_finite() && sd.is_finite()),
                why: chosen.why.into(),
                proposal: chosen.proposal,
            })
            .collect();
        let record = Asked {
            v: VERSION,
            batch: self.state.batches,
            policy: policy.into(),
            program: env!("CARGO_PKG_VERSION").into(),
            seed: seed.0,
            told: self
                .state
                .points
                .iter()
                .filter(|asked| asked.told.is_some())
                .count() as u32,
            pending: self
                .state
                .points
                .iter()
                .filter(|asked| asked.told.is_none())
                .count() as u32,
            note,
            points,
        };
        self.keep(&Record::Asked(record), now, turn);
        ids
    }

    /// Hands in the plate of the confirmation: candidates in many wells, points to be asked again,
    /// and new points in what is left.
    pub(crate) fn confirm(&mut self, now: Instant, turn: &mut Turn) -> bool {
        let campaign = self.campaign.clone();
        let assay = &campaign.assay;
        let chosen = answer::to_confirm(&campaign, &self.state, &*self.policy);
        if chosen.is_empty() {
            return self.plate(true, now, turn);
        }
        let per_replicate = assay.wells_per_point() / assay.replicates as usize;
        let count = chosen.len();
        let predicted = self.policy.predict(&chosen);
        let points = chosen
            .into_iter()
            .enumerate()
            .map(|(at, point)| {
                let predicted = predicted.as_ref().map(|p| (p[at].mean, p[at].sd));
                Chosen {
                    point,
                    predicted,
                    why: CONFIRM,
                    proposal: None,
                }
            })
            .collect();
        let seed = campaign
            .seed
            .derive("confirm", u64::from(self.state.batches));
        let mut seats = self.asked(CONFIRM, None, points, seed, now, turn);
        let mut replicates = vec![campaign.confirm.replicates; count];
        let taken = count * campaign.confirm.replicates as usize * per_replicate;
        let free = assay
            .wells_usable()
            .saturating_sub(assay.wells_for_controls() + taken);
        let room = free / assay.wells_per_point();
        let mut others = self.again(room);
        if others.len() < room
            && let Ok(new) = self.ask(room - others.len(), now, turn)
        {
            others.extend(new);
        }
        replicates.extend(vec![assay.replicates; others.len()]);
        seats.extend(others);
        self.submit(seats, replicates, true, now, turn);
        true
    }

    pub(crate) fn submit(
        &mut self,
        seats: Vec<u32>,
        replicates: Vec<u32>,
        confirms: bool,
        now: Instant,
        turn: &mut Turn,
    ) {
        let campaign = self.campaign.clone();
        let number = self.state.plates.len() as u32;
        let seed = campaign.seed.derive("plate map", u64::from(number));
        let map = match PlateMap::randomised(&campaign.assay, &replicates, seed) {
            Ok(map) => map,
            Err(why) => {
                self.broken
                    .get_or_insert(format!("plate {number} can't be laid out: {why}"));
                return;
            }
        };
        if let Some(problem) = map
            .problems(&campaign.assay, &replicates)
            .into_iter()
            .next()
        {
            self.broken
                .get_or_insert(format!("the map of plate {number} is wrong: {problem}"));
            return;
        }
        let numbers = &campaign.numbers;
        let barcode = format!("{}-{number:04}", numbers.stem);
        let record = Plated {
            v: VERSION,
            order: numbers.order(number).0,
            plate: numbers.plate(number).0,
            barcode: barcode.clone(),
            confirms,
            seats,
            replicates,
            seed: seed.0,
            wells: map
                .wells
                .iter()
                .map(|content| write_content(*content))
                .collect(),
        };
        self.keep(&Record::Plated(record), now, turn);
        let Some(plate) = self.state.plates.last() else {
            return;
        };
        let order = Order {
            id: plate.order,
            campaign: campaign.id,
            plate: plate.plate,
            barcode: barcode.into(),
            protocol: campaign.assay.protocol.clone(),
            worklists: worklists(&campaign, &self.state, plate),
            release: now,
            due: None,
            deadline: self.state.deadline(&campaign),
            priority: 0,
            weight: campaign.hall.weight,
        };
        turn.input(Input::Submit(Arc::new(order)));
    }
}
