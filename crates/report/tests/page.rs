//! The page: its pieces as they are read, and that nothing told can break it.

#![allow(clippy::unwrap_used)]

mod sample;
mod tiny;

use report::{Campaign, Goal, Hall, Rival, RivalVerdict, Rivals, Role, Run, Verdict, html};

/// The sections of a page, by id.
fn sections(page: &str) -> Vec<(String, String)> {
    page.split("<section id=\"")
        .skip(1)
        .map(|part| {
            let (id, rest) = part.split_once("\">").unwrap();
            (
                id.to_owned(),
                rest.split("</section>").next().unwrap().to_owned(),
            )
        })
        .collect()
}

/// Every tag that is opened is closed in its place; nothing else looks like a tag.
fn check_whole(page: &str) {
    let body = page.split_once("</style>").unwrap().1;
    let (body, _) = body.split_once("\n<script>\n").unwrap();
    let mut open: Vec<&str> = vec!["html", "head"];
    for part in body.split('<').skip(1) {
        let (tag, _) = part.split_once('>').unwrap();
        let name = tag.split([' ', '/']).find(|name| !name.is_empty()).unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{part}");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert_eq!(open, ["html", "body"]);
}

#[test]
fn every_section_reads_as_it_should() {
    let run = tiny::run();
    assert_eq!(run.problems(), Vec::<String>::new());
    let page = html(&run);
    check_whole(&page);
    for (id, section) in sections(&page) {
        // One element a line, so that a change is seen where it is.
        insta::assert_snapshot!(id, section.replace("><", ">\n<"));
    }
}

#[test]
fn a_realistic_run_makes_a_whole_page() {
    let run = sample::run();
    assert_eq!(run.problems(), Vec::<String>::new());
    let page = html(&run);
    check_whole(&page);
    assert_eq!(
        page,
        html(&sample::run()),
        "the same run gives the same page"
    );
    let ids: Vec<String> = sections(&page).into_iter().map(|(id, _)| id).collect();
    assert_eq!(
        ids,
        [
            "answer",
            "learning",
            "plates",
            "operations",
            "faults",
            "losses",
            "tasks",
            "provenance"
        ]
    );
}

#[test]
fn nothing_comes_from_elsewhere() {
    let page = html(&sample::run());
    for outside in [
        "http://", "https://", "url(h", "@import", "<link", "<iframe", "src=",
    ] {
        let found = page
            .replace("script-src 'unsafe-inline'", "")
            .replace("img-src data:", "");
        assert!(!found.contains(outside), "{outside}");
    }
}

/// Puts a text everywhere where a text may come from a file or a device.
fn told(text: &str) -> Run {
    let mut run = tiny::run();
    let t = || text.to_owned();
    (run.title, run.hall.name) = (t(), t());
    run.hall.stations.iter_mut().for_each(|s| s.name = t());
    run.hall
        .devices
        .iter_mut()
        .for_each(|d| (d.name, d.kind) = (t(), t()));
    run.work.iter_mut().for_each(|w| w.operation = t());
    for fault in &mut run.faults {
        (fault.place, fault.class, fault.recovery) = (t(), t(), t());
    }
    for loss in &mut run.losses {
        (loss.why, loss.made_good) = (t(), Some(t()));
        if let report::Lost::Lag { lag, .. } = &mut loss.what {
            *lag = t();
        }
    }
    run.tasks
        .iter_mut()
        .for_each(|task| (task.request, task.why) = (t(), t()));
    let from = &mut run.provenance;
    (from.run, from.program, from.world, from.hash) = (t(), t(), t(), t());
    (from.reproduce, from.verify, from.inputs) = (t(), t(), vec![(t(), t())]);
    for campaign in &mut run.campaigns {
        (campaign.name, campaign.question) = (t(), t());
        (campaign.response, campaign.unit) = (t(), t());
        campaign.answer.notes = vec![t()];
        campaign.answer.early = Some(t());
        campaign
            .factors
            .iter_mut()
            .for_each(|f| (f.name, f.unit) = (t(), t()));
        for experiment in &mut campaign.experiments {
            (experiment.why, experiment.policy) = (t(), t());
        }
        let texts = |levels: &mut Vec<report::Level>| {
            for level in levels {
                if let report::Level::Text(level) = level {
                    *level = t();
                }
            }
        };
        campaign
            .answer
            .candidates
            .iter_mut()
            .for_each(|c| texts(&mut c.levels));
        for plate in &mut campaign.plates {
            (plate.barcode, plate.labware, plate.policy) = (t(), t(), t());
            (plate.raw_unit, plate.corrected_unit, plate.purpose) = (t(), t(), Some(t()));
            match &mut plate.verdict {
                Verdict::Repeated(why) => *why = vec![t(), t()],
                Verdict::Lost(why) => *why = t(),
                _ => {}
            }
            for well in &mut plate.wells {
                well.flags.iter_mut().for_each(|flag| *flag = t());
                well.failed = well.failed.as_ref().map(|_| t());
                if let Some(point) = &mut well.point {
                    texts(&mut point.levels);
                }
                well.liquids.iter_mut().for_each(|liquid| liquid.name = t());
                if let Role::Positive(name) | Role::Negative(name) | Role::Control(name) =
                    &mut well.role
                {
                    *name = t();
                }
            }
        }
    }
    run
}

#[test]
fn a_hostile_name_stays_a_name() {
    for hostile in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</style></title><!--",
        "]]></svg>&lt;\u{202e}\0",
    ] {
        let page = html(&told(hostile));
        check_whole(&page);
        assert!(!page.contains(hostile), "{hostile}");
        // As many tags, attributes and comments as with harmless names of the same length.
        let harmless = html(&told(&"x".repeat(hostile.chars().count())));
        for mark in ["<", ">", "=\"", "<script", "<!--", "-->"] {
            assert_eq!(
                page.matches(mark).count(),
                harmless.matches(mark).count(),
                "{mark} {hostile}"
            );
        }
    }
}

#[test]
fn whatever_is_filled_in_makes_a_page() {
    // Nothing at all.
    let mut run = tiny::run();
    run.campaigns.clear();
    run.hall = Hall::default();
    (run.work, run.faults, run.losses, run.tasks) = (vec![], vec![], vec![], vec![]);
    check_whole(&html(&run));

    // A campaign that never came to anything.
    let mut run = tiny::run();
    let campaign = &mut run.campaigns[0];
    campaign.answer = report::Answer::default();
    campaign.experiments.clear();
    campaign.plates.clear();
    check_whole(&html(&run));

    // Two campaigns, numbers that are none, levels and wells that do not fit.
    let mut run = tiny::run();
    let mut other: Campaign = run.campaigns[0].clone();
    for bad in [f64::NAN, f64::INFINITY, f64::MIN, f64::MAX, 0.0] {
        other.factors.pop();
        for experiment in &mut other.experiments {
            if let Some(measured) = &mut experiment.measured {
                (measured.value, measured.sd) = (bad, Some(bad));
            }
            if let Some(expected) = &mut experiment.expected {
                expected.mean = -bad;
            }
        }
        for candidate in &mut other.answer.candidates {
            (candidate.estimate, candidate.sd, candidate.interval) = (bad, bad, (bad, -bad));
        }
        for plate in &mut other.plates {
            (plate.rows, plate.columns) = (1, 0);
            plate.quality.z_prime = Some(bad);
            for well in &mut plate.wells {
                if let Some(reading) = &mut well.reading {
                    (reading.raw, reading.corrected) = (bad, Some(bad));
                }
            }
        }
        run.campaigns.truncate(1);
        run.campaigns.push(other.clone());
        (run.began, run.ended) = (run.ended, run.began);
        assert!(!run.problems().is_empty());
        let page = html(&run);
        check_whole(&page);
        for odd in ["NaN", "inf\"", "inf "] {
            let found = page
                .find(odd)
                .map(|at| &page[at.saturating_sub(200)..at + 20]);
            assert_eq!(found, None, "{bad}");
        }
    }
}

#[test]
fn problems_are_named() {
    let mut run = tiny::run();
    run.hall.devices.retain(|info| info.kind == "arm");
    let campaign = &mut run.campaigns[0];
    campaign.plates[0].wells[0].column = 9;
    campaign.experiments[0].levels.pop();
    assert_eq!(
        run.problems(),
        [
            "campaign 'small': experiment 3: 2 levels for 3 factors",
            "campaign 'small': plate-1 has no well A10: it is 2 by 3",
            "Instrument(instrument-0) is not in the hall",
        ]
    );
}

/// Rivals of which one fell behind, along a dose.
fn rivals(verdict: RivalVerdict) -> Rivals {
    let rival = |name: &str, probabilities: &[f64], slope: f64| Rival {
        name: name.into(),
        kind: "formula".into(),
        says: format!("{slope} * dose"),
        prior: 0.5,
        probabilities: probabilities.into(),
        parameters: vec![("slope".into(), slope, 0.02)],
        curve: (0..5)
            .map(|at| (f64::from(at), slope * f64::from(at), 0.1))
            .collect(),
    };
    Rivals {
        each: vec![
            rival("steep", &[0.4, 0.9996], 0.4),
            rival("flat", &[0.5, 0.0], 0.1),
        ],
        none: vec![0.1, 0.0004],
        verdict,
        wanted: 0.99,
    }
}

#[test]
fn rival_hypotheses_have_a_section_and_the_headline() {
    let mut run = tiny::run();
    let campaign = &mut run.campaigns[0];
    campaign.goal = Goal::Map;
    campaign.answer.candidates.clear();
    campaign.answer.rivals = Some(rivals(RivalVerdict::Holds(0)));
    let page = html(&run);
    check_whole(&page);
    let parts = sections(&page);
    let part = |id: &str| &parts.iter().find(|(own, _)| own == id).unwrap().1;
    assert!(part("answer").contains("<p class=\"big\">steep</p>"));
    assert!(part("answer").contains("with probability &gt; 0.999; 0.99 was asked for"));
    insta::assert_snapshot!("hypotheses", part("hypotheses").replace("><", ">\n<"));
    for (verdict, headline) in [
        (RivalVerdict::NoneFits, "none fits"),
        (RivalVerdict::Open, "nothing is settled"),
    ] {
        run.campaigns[0].answer.rivals = Some(rivals(verdict));
        assert!(html(&run).contains(&format!("<p class=\"big\">{headline}</p>")));
    }
    // Nothing told, and a verdict about nobody: still a whole page.
    run.campaigns[0].answer.rivals = Some(Rivals {
        each: Vec::new(),
        none: Vec::new(),
        verdict: RivalVerdict::Holds(3),
        wanted: f64::NAN,
    });
    check_whole(&html(&run));
}
