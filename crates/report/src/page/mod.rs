//! The page: one file, no network, whole without JavaScript.

mod answer;
mod causes;
mod hall;
mod plates;
mod progress;
mod promises;
mod proposers;
mod rivals;
mod shared;
mod table;

pub use shared::shared_html;

use crate::chart::heat;
use crate::markup::Markup;
use crate::number::{count, moment, named, span, uncertain};
use crate::{Campaign, FaultEnd, Goal, Lost, Run, Verdict};

/// The report as one HTML document.
#[must_use]
pub fn html(run: &Run) -> String {
    document(run, &links(run), |m| {
        tiles(m, run);
        sections(m, run);
    })
}

/// A page with a head, links to its parts, and a body.
fn document(run: &Run, links: &[(String, String)], body: impl FnOnce(&mut Markup)) -> String {
    let mut markup = Markup::new();
    let m = &mut markup;
    m.literal("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    m.literal("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    // Nothing may be loaded from anywhere, whatever stands in the page.
    m.literal("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n");
    m.element("title", &[], &run.title);
    m.literal("\n<style>\n");
    m.literal(include_str!("style.css"));
    m.literal("</style>\n</head>\n<body>\n");
    heat::definitions(m);
    header(m, run, links);
    m.open("main", &[]);
    body(m);
    m.close("main");
    m.element(
        "footer",
        &[],
        format!("Written by {}.", run.provenance.program),
    );
    m.literal("\n<script>\n");
    m.literal(include_str!("script.js"));
    m.literal("</script>\n</body>\n</html>\n");
    markup.finish()
}

fn sections(m: &mut Markup, run: &Run) {
    for campaign in &run.campaigns {
        let several = run.campaigns.len() > 1;
        let anchor = |part: &str| {
            if several {
                format!("{part}-{}", campaign.id.0)
            } else {
                part.to_owned()
            }
        };
        let heading = |text: &str| {
            if several {
                format!("{}: {text}", campaign.name)
            } else {
                text.to_owned()
            }
        };
        section(m, &anchor("answer"), &heading("Answer"), |m| {
            m.element("p", &[("class", &"question")], &campaign.question);
            answer::write(m, campaign);
        });
        if let Some(found) = &campaign.answer.causes {
            section(m, &anchor("causes"), &heading("Causes"), |m| {
                causes::write(m, found)
            });
        }
        if let Some(found) = &campaign.answer.rivals {
            section(m, &anchor("hypotheses"), &heading("Hypotheses"), |m| {
                rivals::write(m, campaign, found)
            });
        }
        if !campaign.proposers.is_empty() {
            let title = heading("What language models proposed");
            section(m, &anchor("proposers"), &title, |m| {
                proposers::write(m, &campaign.proposers)
            });
        }
        let title = heading("How it learned");
        section(m, &anchor("learning"), &title, |m| {
            progress::write(m, campaign)
        });
        section(m, &anchor("plates"), &heading("Plates"), |m| {
            promises::write(m, &campaign.promises);
            plates::write(m, campaign)
        });
    }
    of_the_hall(m, run);
}

/// What became of the hall meanwhile, and where all of it comes from.
fn of_the_hall(m: &mut Markup, run: &Run) {
    section(m, "operations", "Operations", |m| hall::operations(m, run));
    section(m, "faults", "Faults", |m| hall::faults(m, run));
    section(m, "losses", "What was lost, and why", |m| {
        hall::losses(m, run)
    });
    section(m, "tasks", "What persons were asked for", |m| {
        hall::tasks(m, run)
    });
    section(m, "provenance", "Where this comes from", |m| {
        provenance(m, run)
    });
}

fn section(m: &mut Markup, id: &str, title: &str, fill: impl FnOnce(&mut Markup)) {
    m.within("section", &[("id", &id)], |m| {
        m.element("h2", &[], title);
        fill(m);
    });
}

/// The stepped well by which the river was read.
const MARK: &str = "<svg viewBox=\"0 0 52 60\" aria-hidden=\"true\"><path class=\"water\" d=\"M8 38h36v16H8z\" opacity=\".9\"/><path class=\"gauge\" fill=\"none\" stroke-width=\"2.6\" d=\"M4 4h10v10h8v10h8v10h8v10h10v12M4 4v52h44M26 4v8M26 4h22v40\"/></svg>\n";

fn header(m: &mut Markup, run: &Run, links: &[(String, String)]) {
    m.open("header", &[]);
    m.literal(MARK);
    m.within("div", &[], |m| {
        m.element("h1", &[], &run.title);
        let parts = [
            format!("run {}", run.provenance.run),
            run.hall.name.clone(),
            run.provenance.world.clone(),
        ];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        m.element("p", &[("class", &"sub")], parts.join(" · "));
    });
    m.close("header");
    m.within("nav", &[("aria-label", &"Parts of this report")], |m| {
        for (link, title) in links {
            m.element("a", &[("href", link)], title);
        }
    });
}

/// The parts of a run's page.
fn links(run: &Run) -> Vec<(String, String)> {
    let mut links = Vec::new();
    for campaign in &run.campaigns {
        if run.campaigns.len() > 1 {
            let link = format!("#answer-{}", campaign.id.0);
            links.push((link, campaign.name.clone()));
            continue;
        }
        let answer = &campaign.answer;
        for (id, title, there) in [
            ("answer", "Answer", true),
            ("causes", "Causes", answer.causes.is_some()),
            ("hypotheses", "Hypotheses", answer.rivals.is_some()),
            ("proposers", "Proposers", !campaign.proposers.is_empty()),
            ("learning", "How it learned", true),
            ("plates", "Plates", true),
        ] {
            if there {
                links.push((format!("#{id}"), title.to_owned()));
            }
        }
    }
    for (id, title) in [
        ("operations", "Operations"),
        ("faults", "Faults"),
        ("losses", "Lost"),
        ("tasks", "Persons"),
        ("provenance", "Provenance"),
    ] {
        links.push((format!("#{id}"), title.to_owned()));
    }
    links
}

fn tiles(m: &mut Markup, run: &Run) {
    m.open("div", &[("class", &"tiles")]);
    let mut tile = |value: String, text: String| {
        m.within("div", &[("class", &"tile")], |m| {
            m.element("b", &[], value);
            m.element("span", &[], text);
        });
    };
    if let [campaign] = run.campaigns.as_slice() {
        if let Some(best) = campaign
            .answer
            .candidates
            .first()
            .filter(|_| campaign.goal != Goal::Map)
        {
            let value = uncertain(best.estimate, best.sd);
            let best = format!("best {}", campaign.response);
            tile(value, named(&best, &campaign.unit));
        }
    } else {
        tile(run.campaigns.len().to_string(), "campaigns".into());
    }
    let sum = |of: &dyn Fn(&Campaign) -> usize| run.campaigns.iter().map(of).sum::<usize>();
    let asked = sum(&|c| c.experiments.len());
    let measured = sum(&|c| {
        c.experiments
            .iter()
            .filter(|e| e.measured.is_some())
            .count()
    });
    tile(
        measured.to_string(),
        format!("experiments measured, of {asked} asked for"),
    );
    let plates = sum(&|c| c.plates.len());
    let accepted = sum(&|c| {
        c.plates
            .iter()
            .filter(|p| p.verdict == Verdict::Accepted)
            .count()
    });
    tile(
        format!("{accepted} of {plates}"),
        "plates passed quality control".into(),
    );
    tile(span(run.ended.since(run.began)), "in the hall".into());
    let ended = run
        .faults
        .iter()
        .filter(|f| f.end != FaultEnd::Open)
        .count();
    tile(
        run.faults.len().to_string(),
        match (run.faults.len(), run.faults.len() - ended) {
            (0, _) => "faults".into(),
            (1, 0) => "fault, ended".into(),
            (_, 0) => "faults, all ended".into(),
            (_, open) => format!("faults, {open} still open"),
        },
    );
    let wells: usize = run
        .losses
        .iter()
        .map(|loss| match &loss.what {
            Lost::Wells { wells, .. } => wells.len(),
            _ => 0,
        })
        .sum();
    let whole = run
        .losses
        .iter()
        .filter(|l| matches!(l.what, Lost::Plate(_)))
        .count();
    let text = if whole == 0 {
        "wells lost".into()
    } else {
        format!(
            "wells lost, and {}",
            count(whole, "whole plate", "whole plates")
        )
    };
    tile(wells.to_string(), text);
    m.close("div");
}

fn provenance(m: &mut Markup, run: &Run) {
    let from = &run.provenance;
    m.open("div", &[("class", &"card")]);
    let mut rows = vec![
        ("run".to_owned(), from.run.clone()),
        ("program".into(), from.program.clone()),
        ("world".into(), from.world.clone()),
        (
            "in the hall".into(),
            format!("{} to {}", moment(run.began), moment(run.ended)),
        ),
        ("journal".into(), format!("{} events", from.version)),
        (
            "hash of the journal there (BLAKE3)".into(),
            from.hash.clone(),
        ),
    ];
    // Of a hall that campaigns share, the pages of those say the seeds and have the wells.
    let campaigns = !run.campaigns.is_empty();
    if campaigns {
        rows.insert(3, ("seed".into(), from.seed.0.to_string()));
    }
    rows.extend(
        from.inputs
            .iter()
            .map(|(name, hash)| (name.clone(), hash.clone())),
    );
    table::pairs(m, &rows);
    m.element("h3", &[], "To run it again");
    m.element("pre", &[("class", &"mono")], &from.reproduce);
    m.element("h3", &[], "To check the journal against this report");
    m.element("pre", &[("class", &"mono")], &from.verify);
    if !campaigns {
        m.close("div");
        return;
    }
    m.within("p", &[("class", &"sub")], |m| {
        m.text(&"Every well, with its liquids, times, instrument, raw and corrected value: ");
        m.element("a", &[("href", &"data/wells.parquet")], "data/wells.parquet");
        m.text(&" and ");
        m.element("a", &[("href", &"data/wells.csv")], "data/wells.csv");
        m.text(&". Moments count from the run's beginning. Series colours: Okabe and Ito (2008); value colours: viridis.");
    });
    m.close("div");
}
