//! A plate came to its end: what its wells say is judged, kept, and told to the policy.

use crate::answer::{self, CONFIRM};
use crate::causes;
use crate::judge::PointResult;
use crate::proposer;
use crate::record::{Analysed, Record, Told, ToldPoint, VERSION};
use crate::turn::Loop;
use conductor::Turn;
use design::Point;
use quantity::{Instant, OrderId};

/// How often a point is put on a plate before it is given up.
const ATTEMPTS_MAX: u32 = 3;

impl Loop {
    /// A plate came to its end: judge it, tell the policy, and go on.
    pub(crate) fn conclude(&mut self, order: OrderId, now: Instant, turn: &mut Turn) {
        let Some(plate) = self.state.plate(order) else {
            return;
        };
        if plate.analysed.is_some() {
            return;
        }
        let (seats, confirms) = (plate.seats.clone(), plate.confirms);
        let judged = plate.judgement(&self.campaign.assay);
        let several = self
            .campaign
            .causes
            .as_ref()
            .map(|causes| causes::values(&self.campaign, &causes.variables, plate));
        let ending = plate
            .ended
            .as_ref()
            .map(|ended| ended.0.to_string())
            .unwrap_or_default();
        let mut rejected = judged.rejected;
        if !plate
            .data
            .readings
            .contains_key(&self.campaign.assay.analysis.reading)
        {
            rejected = vec![format!("it was never read: {ending}")];
        }
        let finite = |value: f64| value.is_finite().then_some(value);
        let analysed = Analysed {
            v: VERSION,
            order: order.0,
            ending,
            z_prime: finite(judged.separation.z_prime),
            robust_z_prime: finite(judged.separation.robust_z_prime),
            ssmd: finite(judged.separation.ssmd),
            control_cv: finite(judged.control_cv),
            replicate_sd: finite(judged.replicate_sd),
            standard: judged.standard.map(|level| (level.value, level.error)),
            valid: judged.valid,
            wanted: judged.wanted,
            rejected: rejected.clone(),
        };
        self.keep(&Record::Analysed(analysed), now, turn);

        let (mut points, mut again) = (Vec::new(), Vec::new());
        let settings: Vec<Point> = seats
            .iter()
            .map(|id| self.state.points[*id as usize].point.clone())
            .collect();
        let expected = self.policy.predict(&settings);
        let widening = answer::widening(&self.state);
        for (seat, id) in seats.iter().enumerate() {
            let result = if rejected.is_empty() {
                match (&several, &judged.points[seat]) {
                    (Some(all), PointResult::Value { .. }) if all.seats[seat].is_none() => {
                        PointResult::Lost("not every variable gave a value".into())
                    }
                    (_, result) => result.clone(),
                }
            } else {
                PointResult::Lost(format!("its plate does not count: {}", rejected[0]))
            };
            let expected = expected
                .as_ref()
                .map(|all| (all[seat].mean, all[seat].sd * widening))
                .filter(|(mean, sd)| mean.is_finite() && sd.is_finite());
            let nothing = |why: String| ToldPoint {
                id: *id,
                value: None,
                values: Vec::new(),
                sd: None,
                shared: None,
                spread: None,
                wells: 0,
                expected,
                failed: Some(why),
            };
            match result {
                PointResult::Value {
                    value,
                    sd,
                    shared,
                    spread,
                    wells,
                } if value.is_finite() => {
                    points.push(ToldPoint {
                        id: *id,
                        value: Some(value),
                        values: several
                            .as_ref()
                            .and_then(|all| all.seats[seat].clone())
                            .unwrap_or_default(),
                        sd,
                        shared,
                        spread: spread.filter(|_| self.campaign.rivals.is_some()),
                        wells,
                        expected,
                        failed: None,
                    });
                }
                PointResult::Value { .. } => {
                    points.push(nothing("its response is no number".into()))
                }
                PointResult::None(why) => points.push(nothing(why)),
                PointResult::Lost(why) => {
                    let candidate = confirms && &*self.state.points[*id as usize].why == CONFIRM;
                    let attempts = self
                        .state
                        .plates
                        .iter()
                        .filter(|p| p.seats.contains(id))
                        .count() as u32;
                    // Candidates of a plate that failed are chosen anew; a point that fails every
                    // time is given up.
                    if (candidate && !rejected.is_empty()) || attempts >= ATTEMPTS_MAX {
                        points.push(nothing(why));
                    } else {
                        again.push(*id);
                    }
                }
            }
        }
        let controls = several
            .filter(|_| rejected.is_empty())
            .map_or_else(Vec::new, |all| all.controls);
        let settled = proposer::at_plate(&self.campaign, &self.state, &points);
        self.keep(
            &Record::Told(Told {
                v: VERSION,
                order: order.0,
                points,
                again,
                controls,
                settled,
            }),
            now,
            turn,
        );
        self.go(now, turn);
    }
}
