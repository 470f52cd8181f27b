//! A run as it goes, on standard error.

use crate::folder::Folder;
use crate::running::Watcher;
use campaign::{Campaign, Campaigns, Loop};
use design::Aim;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use quantity::Instant;
use std::io::IsTerminal;

/// Progress bars where a person looks on; one line for each plate where not.
#[derive(Debug)]
pub struct Progress {
    bars: Option<Bars>,
    /// By campaign.
    plates_shown: Vec<usize>,
    quiet: bool,
}

#[derive(Debug)]
struct Bars {
    all: MultiProgress,
    /// One for each campaign.
    plates: Vec<ProgressBar>,
    lab: ProgressBar,
}

impl Progress {
    /// Progress on standard error.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bars: None,
            plates_shown: Vec::new(),
            quiet: false,
        }
    }

    fn say(&self, line: &str) {
        match &self.bars {
            // Printing above bars can fail only as the terminal does.
            Some(bars) => drop(bars.all.println(line)),
            None if self.quiet => {}
            None => eprintln!("{line}"),
        }
    }

    /// Takes the bars away.
    pub fn done(&mut self) {
        if let Some(bars) = self.bars.take() {
            bars.plates.iter().for_each(ProgressBar::finish_and_clear);
            bars.lab.finish_and_clear();
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Watcher for Progress {
    fn begins(&mut self, campaigns: &[&Campaign], folder: &Folder, version: u64) {
        self.plates_shown = vec![0; campaigns.len()];
        if std::io::stderr().is_terminal() {
            let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
            let bar = |length: u64, style: &str| {
                let style = ProgressStyle::with_template(style)
                    .unwrap_or_else(|_| ProgressStyle::default_bar());
                all.add(ProgressBar::new(length).with_style(style))
            };
            let plates = campaigns.iter().map(|campaign| {
                let what = match campaigns.len() {
                    1 => "plates",
                    // Braces are the template's own.
                    _ => &campaign.name.replace(['{', '}'], ""),
                };
                let style = format!("{what} {{bar:30}} {{pos}}/{{len}}  {{wide_msg}}");
                bar(u64::from(campaign.budget.plates), &style)
            });
            let plates = plates.collect();
            let lab = bar(0, "lab    {wide_msg}");
            self.bars = Some(Bars {
                plates,
                lab,
                all: all.clone(),
            });
        }
        let begins = if version == 0 {
            "running"
        } else {
            "going on with"
        };
        let names: Vec<String> = campaigns
            .iter()
            .map(|own| format!("'{}'", own.name))
            .collect();
        self.say(&format!(
            "{begins} {} in {}",
            names.join(" and "),
            folder.0.display()
        ));
    }

    fn sees(&mut self, campaigns: &Campaigns, now: Instant) {
        for (place, cycle) in campaigns.each().iter().enumerate() {
            self.sees_one(place, cycle, campaigns.each().len() > 1, now);
        }
        if let Some(bars) = &self.bars {
            bars.lab
                .set_message(format!("{} on the lab's clock", lab_time(now)));
        }
    }
}

impl Progress {
    fn sees_one(&mut self, place: usize, cycle: &Loop, named: bool, now: Instant) {
        let (campaign, state) = (cycle.campaign(), cycle.state());
        while let Some(plate) = state.plates.get(self.plates_shown[place]) {
            let Some(analysed) = &plate.analysed else {
                break;
            };
            let at = plate.ended.as_ref().map_or(now, |ended| ended.1);
            let whose = match named {
                true => format!("{}, ", campaign.name),
                false => String::new(),
            };
            let mut line = format!("{whose}{} after {}: ", plate.plate, lab_time(at));
            if analysed.rejected.is_empty() {
                line += &format!("{} of {} wells count", analysed.valid, analysed.wanted);
                if let Some(z) = analysed.z_prime {
                    line += &format!(", Z′ {z:.2}");
                }
                if let Some(best) = best(cycle) {
                    line += &format!(", best so far {best:.3}");
                }
            } else {
                line += &format!("does not count: {}", analysed.rejected.join("; "));
            }
            self.say(&line);
            self.plates_shown[place] += 1;
        }
        if let Some(bar) = self.bars.as_ref().map(|bars| &bars.plates[place]) {
            bar.set_position(state.counted() as u64);
            bar.set_message(format!(
                "{} running, {} points asked, {} answered{}",
                state.in_flight(),
                state.points.len(),
                state.answered().count(),
                best(cycle).map_or(String::new(), |best| format!(
                    ", best {} {best:.3}",
                    campaign.response.name
                )),
            ));
        }
    }
}

/// The best response so far; none for a map.
fn best(cycle: &Loop) -> Option<f64> {
    let values = cycle.state().answered().map(|answered| answered.2);
    match cycle.campaign().aim {
        Aim::Maximise => values.reduce(f64::max),
        Aim::Minimise => values.reduce(f64::min),
        Aim::Map => None,
    }
}

/// A moment since the beginning, to the minute.
#[must_use]
pub fn lab_time(now: Instant) -> String {
    let minutes = now.base() / 60_000_000_000;
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h {minutes} min"),
    }
}
