use super::*;
use design::{Factor, Outcome, Policy, Space, Trial};
use quantity::{Rng, Seed};
use rand::RngExt;
use std::sync::Arc;

fn policy(controls: usize) -> CausePolicy {
    let factors = (0..4).map(|at| Factor::continuous(&format!("x{at} down"), "", 0.0, 1.0));
    let acts = (0..4).map(|at| Act {
        factor: at,
        variable: at,
    });
    let options = CauseOptions {
        certainty: 0.5,
        hidden: false,
        soft: false,
        leaves: 0.0,
        combine: 1,
        replicates: 1,
        controls,
        by_lot: false,
    };
    let names = (0..4).map(|at| format!("x{at}")).collect();
    let space = Arc::new(Space::new(factors.collect()));
    CausePolicy::new(space, names, acts.collect(), options, Seed(1))
}

fn asked(policy: &mut CausePolicy, q: usize) -> Vec<Vec<usize>> {
    let proposals = policy.ask(q, &[], Seed(3)).unwrap();
    let acts = proposals.iter().map(|p| policy.table.acts_of(&p.point));
    acts.collect()
}

/// Wells of four variables that nothing joins.
fn told(policy: &mut CausePolicy, acts: &[Vec<usize>], batch: u64) {
    let mut rng: Rng = Seed(batch).rng();
    let trials: Vec<Trial> = acts
        .iter()
        .map(|acts| {
            let mut value = |at: usize| {
                let own = f64::from(u8::from(!acts.contains(&at)));
                10.0 * own + rng.random::<f64>() - rng.random::<f64>()
            };
            Trial {
                point: policy.table.point(acts),
                outcome: Outcome::Measured {
                    values: (0..4).map(&mut value).collect(),
                    sd: None,
                    replicates: 1,
                },
                batch,
            }
        })
        .collect();
    policy.tell(&trials).unwrap();
}

#[test]
fn without_controls_it_looks_before_it_acts() {
    assert!(asked(&mut policy(0), 6).iter().all(Vec::is_empty));
    assert!(asked(&mut policy(8), 6).iter().all(|acts| acts.len() == 1));
}

#[test]
fn everything_is_tried_before_anything_is_settled() {
    let mut policy = policy(8);
    let mut first = asked(&mut policy, 2);
    assert_ne!(first[0], first[1]);
    let wells: Vec<Vec<usize>> = std::iter::repeat_n(Vec::new(), 8).collect();
    told(&mut policy, &[&wells[..], &first[..]].concat(), 1);
    // However sure it is of what nobody acted on.
    assert!(policy.settled().is_none());
    let second = asked(&mut policy, 2);
    told(&mut policy, &[&wells[..], &second[..]].concat(), 2);
    first.extend(second);
    first.sort();
    assert_eq!(first, [[0], [1], [2], [3]]);
    // Four variables that nothing joins: all is settled once each was acted on, and the lone well of each
    // intervention is no disturbed one.
    assert_eq!(policy.findings().unwrap().disturbed, 0);
    assert!(policy.settled().is_some(), "{:?}", policy.note());
}
