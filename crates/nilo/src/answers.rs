//! An answer in words and as JSON.

use crate::progress::lab_time;
use campaign::{Campaign, Shares, State, record};
use design::Aim;
use quantity::Instant;
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::Arc;

/// `ampicillin 0.795 mg/L, rifampin 0`.
pub fn setting(campaign: &Campaign, levels: &[String]) -> String {
    let parts: Vec<String> = campaign
        .space
        .factors
        .iter()
        .zip(levels)
        .map(|(factor, level)| {
            // Sixteen digits are for programs.
            let shown = match (factor.range(), level.parse::<f64>()) {
                (Some(_), Ok(number)) => short(number),
                _ => level.clone(),
            };
            let unit = if factor.unit.is_empty() {
                String::new()
            } else {
                format!(" {}", factor.unit)
            };
            format!("{} {shown}{unit}", factor.name)
        })
        .collect();
    parts.join(", ")
}

/// Four significant digits.
pub(crate) fn short(number: f64) -> String {
    if number == 0.0 {
        return "0".into();
    }
    let digits = (3.0 - number.abs().log10().floor()).clamp(0.0, 12.0) as usize;
    let text = format!("{number:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// What the hall promised, where a promise was broken or the campaign said until when the hall is its.
pub fn promises(campaign: &Campaign, state: &State) -> String {
    let promises = state.promises(campaign);
    let mut text = String::new();
    if campaign.hall.deadline.is_some() || promises.late > 0 {
        let finished = promises.kept + promises.late;
        let _ = write!(
            text,
            "promises: {} of {finished} plates were finished by when they were promised first",
            promises.kept
        );
        if promises.late > 0 {
            let worst = promises.worst;
            let _ = write!(text, ", {} later, by {worst} at most", promises.late);
        }
        if let Some(deadline) = state.deadline(campaign) {
            let _ = match promises.after_deadline {
                0 => write!(text, "; all by the deadline, {deadline}"),
                late => write!(text, "; {late} after the deadline, {deadline}"),
            };
        }
        text.push('\n');
    }
    for refused in &promises.refused {
        let _ = writeln!(text, "{} was not taken: {}", refused.plate, refused.why);
    }
    text
}

/// What campaigns side by side had of what they compete for.
pub fn shares<'a>(campaigns: impl Iterator<Item = &'a Arc<Campaign>>, shares: &Shares) -> String {
    let mut text = String::new();
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    let Some(kind) = &shares.bottleneck else {
        return text;
    };
    let _ = writeln!(
        text,
        "the hall: busiest was its {}{}, in use for {} of the {} in which all had plates there",
        kind.kind.replace('_', " "),
        match kind.instruments {
            1 => String::new(),
            many => format!(" ({many} of it)"),
        },
        percent(kind.used),
        lab_time(shares.until)
    );
    for (campaign, share) in campaigns.zip(&shares.each) {
        let plates = match share.plates {
            1 => "1 plate".to_owned(),
            many => format!("{many} plates"),
        };
        let _ = writeln!(
            text,
            "        {}: {} of that time (by weight {}), {plates}",
            campaign.name,
            percent(share.had),
            percent(share.due)
        );
    }
    text
}

/// The same for programs.
pub fn promises_json(campaign: &Campaign, state: &State) -> Value {
    let promises = state.promises(campaign);
    let seconds = |at: Instant| at.as_secs_f64();
    json!({
        "weight": campaign.hall.weight,
        "deadline_s": state.deadline(campaign).map(seconds),
        "kept": promises.kept,
        "late": promises.late,
        "late_by_s": promises.worst.as_secs_f64(),
        "after_deadline": promises.after_deadline,
        "refused": promises.refused.iter().map(|refused| json!({
            "plate": refused.plate.0,
            "why": &*refused.why,
            "earliest_s": refused.earliest.map(seconds),
        })).collect::<Vec<_>>(),
    })
}

/// What was settled between rivals, and how sure it was after each plate.
fn rivals(out: &mut String, answer: &record::Answer) {
    let open = "nothing is settled between the hypotheses";
    let _ = writeln!(out, "answer: {}", answer.verdict.as_deref().unwrap_or(open));
    for (name, shares) in &answer.rivals {
        let each: Vec<String> = shares.iter().map(|share| format!("{share:.3}")).collect();
        let _ = writeln!(out, "        {name:<24} {}", each.join(" → "));
    }
}

/// The same for programs, with the parameters that wells leave to each.
fn rivals_json(answer: &record::Answer) -> Vec<Value> {
    let fits = answer.fits.iter().flat_map(|fits| &fits.each).map(Some);
    let each = answer
        .rivals
        .iter()
        .zip(fits.chain(std::iter::repeat(None)));
    each.map(|((name, probabilities), fit)| {
        let parameters: Vec<Value> = fit
            .iter()
            .flat_map(|fit| &fit.parameters)
            .map(|(name, mean, sd)| json!({ "name": name, "mean": mean, "sd": sd }))
            .collect();
        let kind = fit.map(|fit| fit.kind.as_str()).filter(|kind| !kind.is_empty());
        json!({ "name": name, "kind": kind, "probabilities": probabilities, "parameters": parameters })
    })
    .collect()
}

/// Who drives whom, link by link.
fn causes(out: &mut String, answer: &record::Answer, found: &record::CausesFound) {
    let open = "not every link is settled";
    let _ = writeln!(out, "answer: {}", answer.verdict.as_deref().unwrap_or(open));
    for arrow in found.arrows.iter().filter(|arrow| arrow.believed) {
        let effect = arrow.effect.zip(arrow.interval);
        let effect = effect.map_or(String::new(), |(effect, (low, high))| {
            format!(
                "  effect {} (95 % between {} and {})",
                short(effect),
                short(low),
                short(high)
            )
        });
        let _ = writeln!(
            out,
            "        {} → {}  {:.3}{effect}",
            arrow.from, arrow.to, arrow.probability
        );
    }
    for pair in found.hidden.iter().filter(|pair| pair.probability > 0.5) {
        let _ = writeln!(
            out,
            "        {} ↔ {}  {:.3}  a hidden common cause",
            pair.a, pair.b, pair.probability
        );
    }
}

/// How well what language models proposed held.
fn proposers(out: &mut String, campaign: &Campaign, state: &State) {
    for proposer in &campaign.proposers {
        let own = || {
            let all = state.proposed.iter();
            all.filter(|record| *record.model == *proposer.model)
        };
        let taken: usize = own().map(|record| record.taken.len()).sum();
        let rejected: usize = own().map(|record| record.rejected.len()).sum();
        let standing = state.track.models.get(&*proposer.model);
        let score = standing.map(|standing| standing.all).unwrap_or_default();
        let scores = match (score.brier(), score.log()) {
            (Some(brier), Some(log)) => format!(
                "{} of {} settled came true (Brier {brier:.3}, log {log:.3})",
                score.came_true, score.settled
            ),
            _ => "wells settled none".into(),
        };
        let _ = writeln!(
            out,
            "model:  '{}' made {taken} proposals, {rejected} more were rejected; {scores}",
            proposer.model
        );
        if let Some(why) = own().rev().find_map(|record| record.failed.as_ref()) {
            let _ = writeln!(out, "        it did not always answer: {why}");
        }
    }
}

/// The answer for a person.
#[must_use]
pub fn text(campaign: &Campaign, state: &State) -> String {
    let mut out = String::new();
    let Some(answer) = &state.answer else {
        return "no answer yet: the run was interrupted; give the same command again to go on"
            .into();
    };
    let unit = if campaign.response.unit.is_empty() {
        String::new()
    } else {
        format!(" {}", campaign.response.unit)
    };
    let name = &campaign.response.name;
    // Writing to a String does not fail.
    if let Some(best) = answer.candidates.first() {
        let which = if campaign.aim == Aim::Minimise {
            "lowest"
        } else {
            "highest"
        };
        let _ = writeln!(
            out,
            "answer: {name} is {which} at {}",
            setting(campaign, &best.levels)
        );
        let _ = writeln!(
            out,
            "        {}{unit}, 95 % between {} and {}{unit}; {}",
            short(best.estimate),
            short(best.interval.0),
            short(best.interval.1),
            match best.confirmed {
                Some(_) => format!("confirmed in {} wells", best.wells),
                None => format!("from {} wells, not confirmed", best.wells),
            }
        );
        for (place, other) in answer.candidates.iter().enumerate().skip(1) {
            let _ = writeln!(
                out,
                "     {}. {}{unit} at {}",
                place + 1,
                short(other.estimate),
                setting(campaign, &other.levels)
            );
        }
    } else if campaign.discriminates() {
        rivals(&mut out, answer);
    } else if let Some(found) = &answer.causes {
        causes(&mut out, answer, found);
    } else if campaign.aim == Aim::Map {
        let _ = writeln!(
            out,
            "answer: {name} is mapped over {} points",
            answer.points
        );
    } else {
        let _ = writeln!(out, "answer: none: nothing was measured");
    }
    if let (Some(error), Some(noise)) = (answer.model_error, answer.noise) {
        let _ = writeln!(
            out,
            "model:  off by {}{unit} on points of the last plate that it had not seen, {} of it noise of measuring",
            short(error),
            short(noise)
        );
    }
    let rejected = match answer.rejected {
        0 => String::new(),
        1 => ", 1 more did not count".into(),
        more => format!(", {more} more did not count"),
    };
    let _ = writeln!(
        out,
        "spent:  {} plates{rejected}; {} points measured",
        answer.plates, answer.points
    );
    for claim in &answer.prior {
        let _ = writeln!(out, "prior:  {}", claim.words());
    }
    proposers(&mut out, campaign, state);
    match answer.unanswered {
        0 => {}
        1 => out.push_str("        1 point was asked for and never answered\n"),
        more => {
            let _ = writeln!(
                out,
                "        {more} points were asked for and never answered"
            );
        }
    }
    if let Some(early) = &answer.early {
        let _ = writeln!(out, "ended early: {early}");
    }
    out.truncate(out.trim_end().len());
    out
}

/// The answer for programs.
#[must_use]
pub fn json(campaign: &Campaign, answer: Option<&record::Answer>) -> Value {
    let Some(answer) = answer else {
        return Value::Null;
    };
    let candidates: Vec<Value> = answer
        .candidates
        .iter()
        .map(|candidate| {
            let levels: serde_json::Map<String, Value> = campaign
                .space
                .factors
                .iter()
                .zip(&candidate.levels)
                .map(|(factor, level)| {
                    let value = match (factor.range(), level.parse::<f64>()) {
                        (Some(_), Ok(number)) => json!(number),
                        _ => json!(level),
                    };
                    (factor.name.clone(), value)
                })
                .collect();
            json!({
                "levels": levels,
                "estimate": candidate.estimate,
                "sd": candidate.sd,
                "interval": [candidate.interval.0, candidate.interval.1],
                "confirmed": candidate.confirmed,
                "before": candidate.before,
                "wells": candidate.wells,
            })
        })
        .collect();
    json!({
        "response": &*campaign.response.name,
        "unit": &*campaign.response.unit,
        "question": match campaign.aim {
            Aim::Maximise => "maximise",
            Aim::Minimise => "minimise",
            Aim::Map if campaign.discriminates() => "discriminate",
            Aim::Map if campaign.causes.is_some() => "cause",
            Aim::Map => "map",
        },
        "verdict": answer.verdict,
        "rivals": rivals_json(answer),
        "causes": answer.causes,
        "prior": answer.prior,
        "candidates": candidates,
        "model_error": answer.model_error,
        "noise": answer.noise,
        "covered": answer.covered,
        "points": answer.points,
        "plates": answer.plates,
        "rejected": answer.rejected,
        "unanswered": answer.unanswered,
        "early": answer.early,
    })
}
