//! Rival hypotheses, for the report.

use crate::Campaign;
use crate::record::Answer;
use report::RivalVerdict;

/// What the report shows of rivals; nothing where they were not the question.
pub(super) fn report(campaign: &Campaign, answer: &Answer) -> Option<report::Rivals> {
    let (contenders, wanted) = campaign.contenders();
    // The last row is that none of them holds.
    let (none, shares) = answer.rivals.split_last()?;
    let each: Vec<report::Rival> = contenders
        .into_iter()
        .zip(shares)
        .enumerate()
        .map(|(at, (contender, (name, shares)))| {
            let fitted = answer.fits.as_ref().and_then(|fits| fits.each.get(at));
            report::Rival {
                name: name.clone(),
                kind: contender.kind.to_owned(),
                says: contender.says,
                prior: contender.prior,
                probabilities: shares.clone(),
                parameters: fitted.map_or(Vec::new(), |fit| fit.parameters.clone()),
                curve: fitted.map_or(Vec::new(), |fit| fit.curve.clone()),
            }
        })
        .collect();
    let none_fits = answer.fits.as_ref().is_some_and(|fits| fits.none_fits);
    let last = |rival: &report::Rival| rival.probabilities.last().copied().unwrap_or(0.0);
    let best = (0..each.len()).max_by(|a, b| last(&each[*a]).total_cmp(&last(&each[*b])));
    let verdict = match (answer.verdict.is_some(), best) {
        (true, _) if none_fits => RivalVerdict::NoneFits,
        (true, Some(best)) => RivalVerdict::Holds(best),
        _ => RivalVerdict::Open,
    };
    Some(report::Rivals {
        each,
        none: none.1.clone(),
        verdict,
        wanted,
    })
}
