//! A hall that campaigns shared, as the value that its page is made of.

use super::happened::of_hall;
use super::{promises, question};
use crate::shares::Shares;
use crate::turn::Loop;
use lab::Hall;
use quantity::Instant;
use std::collections::BTreeSet;

/// Everything that the page of a shared hall says. `runs` are the runs of the campaigns as [`fill`](super::fill) gives
/// them, in the same order; `pages` where each has its page; `work` what arms and movers did for all.
#[must_use]
pub fn fill_shared(
    each: &[&Loop],
    runs: &[report::Run],
    (shares, pages): (&Shares, &[String]),
    (hall, work): (&Hall, Vec<report::Work>),
    provenance: report::Provenance,
) -> report::Shared {
    let mut work = work;
    // What instruments did is known by each campaign of its own plates.
    let instrument = |work: &&report::Work| matches!(work.device, report::Device::Instrument(_));
    work.extend(
        runs.iter()
            .flat_map(|run| run.work.iter().filter(instrument).cloned()),
    );
    work.sort_by_key(|work| (work.began, work.ended, work.device));
    // What concerned no plate each of them tells of.
    let mut faults: Vec<report::Fault> = Vec::new();
    let mut seen = BTreeSet::new();
    for (own, run) in each.iter().zip(runs) {
        let mut known: Vec<_> = own.state().chronicle.faults.iter().collect();
        known.sort_by_key(|(fault, _)| fault.noticed);
        for ((fault, _), told) in known.into_iter().zip(&run.faults) {
            if seen.insert(fault.id) {
                faults.push(told.clone());
            }
        }
    }
    faults.sort_by_key(|fault| fault.at);
    let mut losses: Vec<report::Loss> = runs.iter().flat_map(|run| run.losses.clone()).collect();
    losses.sort_by_key(|loss| loss.at);
    let mut seen = BTreeSet::new();
    let all = runs.iter().flat_map(|run| run.tasks.clone());
    let mut tasks: Vec<report::Task> = all.filter(|task| seen.insert(task.id)).collect();
    tasks.sort_by_key(|task| task.id);
    let names: Vec<&str> = each.iter().map(|own| &*own.campaign().name).collect();
    let members = each.iter().zip(&shares.each).zip(pages);
    report::Shared {
        run: report::Run {
            title: names.join(" and "),
            campaigns: Vec::new(),
            hall: of_hall(hall),
            began: runs
                .iter()
                .map(|run| run.began)
                .min()
                .unwrap_or(Instant::EPOCH),
            ended: runs
                .iter()
                .map(|run| run.ended)
                .max()
                .unwrap_or(Instant::EPOCH),
            work,
            faults,
            losses,
            tasks,
            provenance,
        },
        members: members
            .map(|((own, share), page)| {
                let (campaign, state) = (own.campaign(), own.state());
                report::Member {
                    name: campaign.name.to_string(),
                    question: question(campaign),
                    page: page.clone(),
                    state: match (own.broken(), own.answer()) {
                        (Some(_), _) => "could not go on".to_owned(),
                        (None, Some(_)) => "answered".to_owned(),
                        (None, None) => "no answer".to_owned(),
                    },
                    plates: state.counted() as u32,
                    budget: campaign.budget.plates,
                    due: share.due,
                    had: share.had,
                    promises: promises::report(campaign, state),
                }
            })
            .collect(),
        bottleneck: shares.bottleneck.as_ref().map(|kind| report::Bottleneck {
            kind: kind.kind.replace('_', " "),
            instruments: kind.instruments,
            used: kind.used,
        }),
        until: shares.until,
    }
}
