//! The debate becomes a plan.
#![allow(clippy::unwrap_used)]

mod common;

use common::{column, data, numbers};
use reason::claims::record::ClaimRecord;
use reason::claims::{Claim, Condition, Ledger, NextKind, debate, rank};

fn record(fields: &str) -> Vec<u8> {
    format!(
        r#"{{"intervention":"x","outcome":"y","direction":"increases","source":"A",{fields}"stance":"for"}}"#
    )
    .into_bytes()
}

#[test]
fn another_latitude_ranks_above_one_more_of_the_same() {
    let Some(folder) = data() else { return };
    let of = |name: &str| numbers(&folder, "bcg", name);
    let (y, v, latitude, year) = (of("yi"), of("vi"), of("ablat"), of("year"));
    let names = column(&folder, "bcg", "author");
    let mut ledger = Ledger::default();
    for at in 0..y.len() {
        let body = format!(
            r#"{{"intervention":"BCG","outcome":"tuberculosis","direction":"decreases","estimate":{},"se":{},"source":"{}","context":{{"latitude":{},"year":{}}},"design":"randomised"}}"#,
            y[at],
            v[at].sqrt(),
            names[at],
            latitude[at],
            year[at]
        );
        ledger.apply(at as u64 + 1, body.as_bytes()).unwrap();
    }
    let pair = ledger.pairs().remove(0);
    let claims: Vec<&Claim> = ledger
        .about(&pair)
        .into_iter()
        .map(|(_, claim)| claim)
        .collect();
    let ranked = rank(&claims, 0.05, |_| 1.0).unwrap();
    let place =
        |wanted: &dyn Fn(&NextKind) -> bool| ranked.iter().position(|n| wanted(&n.kind)).unwrap();
    let latitude =
        place(&|kind| matches!(kind, NextKind::At { moderator, .. } if moderator == "latitude"));
    let repeat = place(&|kind| *kind == NextKind::Repeat);
    assert!(latitude < repeat, "{ranked:#?}");
    assert_eq!(latitude, 0, "{ranked:#?}");
    assert!(ranked[0].nats > 2.0 * ranked[repeat].nats, "{ranked:#?}");
    // Whatever its size, and by the figure that the reference states.
    assert!(
        (ranked[repeat].ceiling - 0.049_099_8).abs() < 1e-6,
        "{ranked:#?}"
    );
    assert!(
        ranked[repeat].words.contains("never more than 0.0491"),
        "{}",
        ranked[repeat].words
    );
    assert!(
        ranked[0].words.contains("latitude") && ranked[0].words.contains("76 %"),
        "{}",
        ranked[0].words
    );
    // A trial at another latitude that costs ten times as much is not worth it.
    let dear = rank(&claims, 0.05, |kind| {
        if *kind == NextKind::Repeat { 1.0 } else { 30.0 }
    })
    .unwrap();
    assert_eq!(dear[0].kind, NextKind::Repeat);
    let voices = debate(&claims).voices;
    assert!((voices.iter().map(|v| v.weight).sum::<f64>() - 1.0).abs() < 1e-12);
    assert!(voices.windows(2).all(|w| w[0].weight >= w[1].weight));
}

#[test]
fn nothing_is_taken_out_and_the_corrected_is_superseded() {
    let mut ledger = Ledger::default();
    ledger
        .apply(1, &record(r#""estimate":1.0,"se":0.5,"#))
        .unwrap();
    ledger
        .apply(2, &record(r#""estimate":0.2,"se":0.5,"supersedes":1,"#))
        .unwrap();
    let standing: Vec<u64> = ledger.standing().map(|(number, _)| *number).collect();
    assert_eq!(standing, [2]);
    let error = ledger.apply(3, &record(r#""supersedes":9,"#)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "it supersedes claim 9, which is not in the ledger"
    );
}

#[test]
fn an_error_follows_from_p() {
    let body = record(
        r#""estimate":1.96,"p":0.05,"context":{"dose":{"value":3,"unit":"mg/L"},"host":"mouse"},"#,
    );
    let claim = ClaimRecord::parse(&body).unwrap().claim().unwrap();
    let (y, v) = claim.size.effect().unwrap();
    assert!((y - 1.96).abs() < 1e-12 && (v.sqrt() - 1.0).abs() < 1e-4);
    assert_eq!(claim.number("dose"), Some(3.0));
    assert_eq!(
        claim.condition("host"),
        Some(&Condition::Text("mouse".into()))
    );
}

#[test]
fn what_is_no_claim_is_named() {
    let said = |fields: &str| {
        let parsed = ClaimRecord::parse(&record(fields));
        parsed
            .and_then(|record| record.claim())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        said(r#""se":-1,"#),
        "'se' is -1; expected a number above zero"
    );
    assert_eq!(said(r#""p":1.5,"#), "'p' is 1.5; expected a number up to 1");
    assert!(said(r#""design":"guess","#).starts_with("'design' is 'guess'; expected wells"));
    assert!(said(r#""colour":"red","#).contains("unknown field `colour`"));
    assert!(said(r#""v":7,"#).contains("use a newer one"));
}
