//! An event of a journal in words: `warm/incubator begins 'grow' with plate-3`.

use campaign::Record;
use campaign::record::Analysed;
use conductor::record::NOTE;
use journal::{Event, Journal, Version};
use lab::Hall;
use quantity::Instant;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Events before the first that is shown in which the command is looked for that a report is about.
const LOOKED_BACK: u64 = 20_000;

/// Says events in words; with the names of a hall, where that is known.
#[derive(Debug, Default)]
pub struct Words {
    hall: Option<Arc<Hall>>,
    /// Steps by campaign: orders and plates have the numbers of their campaigns in turn.
    steps: Vec<Vec<String>>,
    /// What each command does.
    commands: BTreeMap<u64, String>,
    /// What persons were asked.
    tasks: BTreeMap<u64, String>,
}

impl Words {
    /// With the names that the files of a run give to things.
    #[must_use]
    pub fn new(hall: Option<Arc<Hall>>, steps: Vec<Vec<String>>) -> Self {
        Self {
            hall,
            steps,
            ..Self::default()
        }
    }

    /// Learns the commands that were given shortly before an event.
    ///
    /// # Errors
    /// If the journal can't be read.
    pub fn look_back(
        &mut self,
        journal: &Journal,
        first: Version,
    ) -> Result<(), journal::ReadError> {
        let from = Version(first.0.saturating_sub(LOOKED_BACK).max(1));
        if first.0 > 1 {
            for event in journal.read(from, Version(first.0 - 1))? {
                let event = event?;
                if event.kind == "out.command" || event.kind == "out.person_task" {
                    self.of(&event);
                }
            }
        }
        Ok(())
    }

    /// The event in words; `None` if it is none that this program knows.
    pub fn of(&mut self, event: &Event) -> Option<String> {
        if let Some(kind) = event.kind.strip_prefix(NOTE) {
            let (whose, kind) = campaign::kind_of(kind);
            let said = note(&Record::read(kind, &event.body).ok()?);
            return Some(match whose {
                Some(name) => format!("{name}: {said}"),
                None => said,
            });
        }
        let body: Value = serde_json::from_slice(&event.body).ok()?;
        let order = || Some(format!("order-{}", body["order"].as_u64()?));
        Some(match event.kind.as_str() {
            "in.submit" => format!(
                "order-{} is handed in: '{}' on plate-{} ({}){}",
                body["id"].as_u64()?,
                body["define"]["name"]
                    .as_str()
                    .unwrap_or("the same protocol"),
                body["plate"].as_u64()?,
                body["barcode"].as_str()?,
                moment(&body["deadline"])
                    .map(|by| format!(", to be finished by {by}"))
                    .unwrap_or_default()
            ),
            "in.cancel" => format!("order-{} is cancelled", body.as_u64()?),
            "in.restarted" => "the program begins again".into(),
            "in.wake" => "a moment that was waited for".into(),
            "in.report" => self.report(&body)?,
            "out.command" => {
                let doing = self.action(&body["action"])?;
                self.commands.insert(body["id"].as_u64()?, doing.clone());
                doing
            }
            "out.promise" => format!("{} is promised for {}", order()?, moment(&body["finish"])?),
            "out.refused" => format!("{} is refused: {}", order()?, body["why"].as_str()?),
            "out.step_began" => format!(
                "{}: {} began in {}",
                order()?,
                self.step(&body["step"], &body["order"])?,
                self.instrument(&body["instrument"])?
            ),
            "out.step_done" => format!(
                "{}: {} is done",
                order()?,
                self.step(&body["step"], &body["order"])?
            ),
            "out.reading" => format!(
                "{}: {} wells of plate-{} read by {} ({})",
                order()?,
                body["wells"].as_u64()?,
                body["plate"].as_u64()?,
                self.instrument(&body["instrument"])?,
                body["channel"].as_str()?
            ),
            "out.wells_flagged" => format!(
                "{} of plate-{} flagged: {}",
                wells(&body["wells"])?,
                body["plate"].as_u64()?,
                spaced(body["flag"].as_str()?)
            ),
            "out.wells_lost" => format!(
                "{} of plate-{} lost: {}",
                wells(&body["wells"])?,
                body["plate"].as_u64()?,
                body["why"].as_str()?
            ),
            "out.lag_broken" => format!(
                "{}: a lag of {} is broken: {}",
                order()?,
                span(&body["allowed"])?,
                span(&body["actual"])?
            ),
            "out.fault" => format!(
                "a fault of {} has ended: {}; {} ({})",
                self.device(&body["device"])
                    .unwrap_or_else(|| "the hall".into()),
                spaced(body["class"].as_str()?),
                body["recovery"].as_str()?,
                spaced(body["ended"].as_str()?)
            ),
            "out.order_ended" => {
                let why = body["why"]
                    .as_str()
                    .map_or(String::new(), |why| format!(": {why}"));
                format!("{} is {}{why}", order()?, spaced(body["how"].as_str()?))
            }
            "out.person_task" => {
                let asked = self.request(&body["request"])?;
                self.tasks.insert(body["task"].as_u64()?, asked.clone());
                format!("a person is asked to {asked}: {}", body["why"].as_str()?)
            }
            "out.person_task_done" => {
                let asked = self.tasks.get(&body["task"].as_u64()?);
                format!(
                    "a person is done: {}",
                    asked.map_or("a task", |asked| asked)
                )
            }
            _ => return None,
        })
    }

    /// What is commanded.
    fn action(&self, action: &Value) -> Option<String> {
        let (name, fields) = only(action)?;
        let plate = || Some(format!("plate-{}", fields["plate"].as_u64()?));
        let arm = || self.arm(fields["arm"].as_u64()?);
        Some(match name {
            "travel" => format!(
                "{} rides to {}, there at {}",
                self.mover(fields["mover"].as_u64()?)?,
                self.berth(fields["to"].as_u64()?)?,
                moment(&fields["arrive"])?
            ),
            "halt" => format!("{} halts", self.mover(fields["mover"].as_u64()?)?),
            "pick" => format!(
                "{} takes {} from {}",
                arm()?,
                plate()?,
                self.place(&fields["from"])?
            ),
            "place" => format!(
                "{} sets {} down on {}",
                arm()?,
                plate()?,
                self.place(&fields["to"])?
            ),
            "scan" => format!("{} scans {}", arm()?, plate()?),
            "perform" => format!(
                "{} performs {} on {}",
                self.instrument(&fields["instrument"])?,
                self.step(&fields["step"], &fields["plate"])?,
                plate()?
            ),
            "abort" => format!(
                "{} stops what it does",
                self.instrument(&fields["instrument"])?
            ),
            "query" => format!(
                "{} is asked what became of: {}",
                self.device(&fields["device"])?,
                self.command(&fields["command"])?
            ),
            "reset" => format!("{} is reset", self.device(&fields["device"])?),
            "ask" => format!("to a person: {}", self.request(&fields["request"])?),
            _ => return None,
        })
    }

    /// What is asked of a person.
    fn request(&self, request: &Value) -> Option<String> {
        let (name, fields) = only(request)?;
        let plate = || Some(format!("plate-{}", fields["plate"].as_u64()?));
        Some(match name {
            "bring" => format!(
                "bring {} to {}",
                plate()?,
                self.nest(fields["nest"].as_u64()?)?
            ),
            "take_away" => format!(
                "look at {} ({}) and take it away",
                plate()?,
                self.place(&fields["place"])?
            ),
            "service" => format!("service {}", self.device(&fields["device"])?),
            "refill" => format!(
                "refill {} of {}",
                fields["consumable"].as_str()?,
                self.instrument(&fields["instrument"])?
            ),
            "free" => format!("free {}", self.mover(fields["mover"].as_u64()?)?),
            "empty" => format!("empty {}", self.instrument(&fields["instrument"])?),
            _ => return None,
        })
    }

    /// What a device or a person reported.
    fn report(&self, body: &Value) -> Option<String> {
        let (name, fields) = only(&body["report"])?;
        let command = || self.command(&fields["command"]);
        Some(match name {
            "started" => format!("begun: {}", command()?),
            "done" => format!("done: {}{}", command()?, self.outcome(&fields["outcome"])),
            "failed" => format!("failed ({}): {}", fault(&fields["fault"])?, command()?),
            "status" => {
                let known = match only(&fields["known"]) {
                    Some(("failed", why)) => format!("failed ({})", fault(why)?),
                    Some((known, _)) => spaced(known),
                    None => spaced(fields["known"].as_str()?),
                };
                format!("{known}, as its device knows: {}", command()?)
            }
            "mover_stopped" => format!("stopped on its way: {}", command()?),
            "mover_stuck" => format!("stuck on its way: {}", command()?),
            "station_joined" => format!("{} has joined", self.station(fields.as_u64()?)?),
            "station_left" => format!("{} has left", self.station(fields.as_u64()?)?),
            "task_done" => {
                let asked = self.tasks.get(&fields["task"].as_u64()?);
                format!("a person did: {}", asked.map_or("a task", |asked| asked))
            }
            _ => return None,
        })
    }

    /// What there is to say of how it went.
    fn outcome(&self, outcome: &Value) -> String {
        match only(outcome) {
            Some(("picked", fields)) => match fields["tries"].as_u64() {
                Some(tries) if tries > 1 => format!(" (gripped at try {tries})"),
                _ => String::new(),
            },
            Some(("scanned", fields)) => {
                format!(" ({})", fields["text"].as_str().unwrap_or("no text"))
            }
            Some(("performed", fields)) => {
                let flagged = fields["flagged"].as_array().map_or(0, Vec::len);
                match flagged {
                    0 => String::new(),
                    1 => " (1 well flagged)".into(),
                    many => format!(" ({many} wells flagged)"),
                }
            }
            _ => String::new(),
        }
    }

    fn command(&self, id: &Value) -> Option<String> {
        let id = id.as_u64()?;
        let known = self.commands.get(&id).cloned();
        Some(known.unwrap_or_else(|| format!("command {id}")))
    }

    fn device(&self, device: &Value) -> Option<String> {
        if device.as_str() == Some("person") {
            return Some("a person".into());
        }
        let (kind, id) = only(device)?;
        match kind {
            "mover" => self.mover(id.as_u64()?),
            "arm" => self.arm(id.as_u64()?),
            "instrument" => self.instrument(id),
            _ => None,
        }
    }

    fn place(&self, place: &Value) -> Option<String> {
        if place.as_str() == Some("outside") {
            return Some("outside".into());
        }
        let (kind, id) = only(place)?;
        let id = id.as_u64()?;
        match kind {
            "nest" => self.nest(id),
            "mover" => self.mover(id),
            "arm" => self.arm(id),
            "floor" => Some(format!("the floor of {}", self.station(id)?)),
            _ => None,
        }
    }

    // Names; numbers where the hall is not known. Ids of a hall are places in its lists.

    fn named(
        &self,
        what: &str,
        id: u64,
        name: impl Fn(&Hall, usize) -> Option<String>,
    ) -> Option<String> {
        let at = usize::try_from(id).ok()?;
        let known = self.hall.as_ref().and_then(|hall| name(hall, at));
        Some(known.unwrap_or_else(|| format!("{what}-{id}")))
    }

    fn mover(&self, id: u64) -> Option<String> {
        self.named("mover", id, |hall, at| {
            Some(hall.movers.get(at)?.name.to_string())
        })
    }

    fn arm(&self, id: u64) -> Option<String> {
        let of =
            |hall: &Hall, at: usize| Some(format!("the arm of {}", hall.stations.get(at)?.name));
        self.named("arm", id, of)
    }

    fn station(&self, id: u64) -> Option<String> {
        self.named("station", id, |hall, at| {
            Some(hall.stations.get(at)?.name.to_string())
        })
    }

    fn instrument(&self, id: &Value) -> Option<String> {
        let of = |hall: &Hall, at: usize| Some(hall.instruments.get(at)?.name.to_string());
        self.named("instrument", id.as_u64()?, of)
    }

    fn nest(&self, id: u64) -> Option<String> {
        self.named("nest", id, |hall: &Hall, at: usize| {
            let instrument = hall.nests.get(at)?;
            let name = &hall.instruments.get(instrument.index())?.name;
            Some(format!("{name} (nest-{id})"))
        })
    }

    fn berth(&self, id: u64) -> Option<String> {
        self.named("berth", id, |hall, at| {
            let berth = hall.track.berths().get(at)?;
            let at = hall
                .docks
                .iter()
                .position(|docks| docks.contains(&berth.id));
            let station = at.and_then(|at| hall.stations.get(at));
            let of = station.map_or(String::new(), |station| format!(" ({})", station.name));
            Some(format!("{}{of}", berth.name))
        })
    }

    /// A step of an order, or of the order on a plate.
    fn step(&self, id: &Value, of: &Value) -> Option<String> {
        let (id, of) = (id.as_u64()?, of.as_u64()?);
        let turn = usize::try_from(of).ok()?.checked_rem(self.steps.len());
        let steps = turn.and_then(|turn| self.steps.get(turn));
        let at = usize::try_from(id).ok()?;
        let name = steps.and_then(|steps| steps.get(at));
        Some(name.map_or_else(|| format!("step {id}"), |name| format!("'{name}'")))
    }
}

/// The only key of an object, and what stands there.
fn only(value: &Value) -> Option<(&str, &Value)> {
    let (key, value) = value.as_object()?.iter().next()?;
    Some((key, value))
}

fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

fn fault(fault: &Value) -> Option<String> {
    match only(fault) {
        Some((class, _)) => Some(spaced(class)),
        None => Some(spaced(fault.as_str()?)),
    }
}

fn moment(at: &Value) -> Option<String> {
    Some(Instant::from_base(at.as_i64()?).to_string())
}

fn span(of: &Value) -> Option<String> {
    Some(quantity::Duration::from_base(of.as_i64()?).to_string())
}

fn wells(list: &Value) -> Option<String> {
    Some(match list.as_array()?.len() {
        1 => "1 well".into(),
        many => format!("{many} wells"),
    })
}

/// What the campaign decided.
fn note(record: &Record) -> String {
    match record {
        Record::Proposed(own) => match &own.failed {
            Some(why) => format!("'{}' proposes nothing: {why}", own.model),
            None => {
                let rejected = match own.rejected.len() {
                    0 => String::new(),
                    more => format!(", and {more} more that were rejected"),
                };
                let count = own.taken.len();
                format!("'{}' makes {count} proposals{rejected}", own.model)
            }
        },
        Record::Asked(own) => {
            let said = own
                .note
                .as_ref()
                .map_or(String::new(), |note| format!(": {note}"));
            format!(
                "'{}' asks for {} points{said}",
                own.policy,
                own.points.len()
            )
        }
        Record::Plated(own) => format!(
            "plate-{} ({}) is laid out for order-{}: {} points{}",
            own.plate,
            own.barcode,
            own.order,
            own.seats.len(),
            if own.confirms { ", to confirm" } else { "" }
        ),
        Record::Analysed(own) => analysed(own),
        Record::Told(own) => {
            let again = match own.again.len() {
                0 => String::new(),
                1 => "; 1 is to be asked again".into(),
                many => format!("; {many} are to be asked again"),
            };
            let points = own.points.len();
            format!(
                "the policy is told of {points} points of order-{}{again}",
                own.order
            )
        }
        Record::Answered(own) => match (&own.verdict, own.candidates.first()) {
            (Some(verdict), _) => format!("the campaign answers: {verdict}"),
            (None, Some(best)) => format!(
                "the campaign answers: {} ± {}",
                crate::answers::short(best.estimate),
                crate::answers::short(best.sd)
            ),
            (None, None) => format!("the campaign is over, after {} points", own.points),
        },
    }
}

fn analysed(own: &Analysed) -> String {
    let good = own
        .z_prime
        .map_or(String::new(), |z| format!(", Z′ {z:.2}"));
    let verdict = if own.rejected.is_empty() {
        "counts".to_owned()
    } else {
        format!("does not count: {}", own.rejected.join("; "))
    };
    format!(
        "the plate of order-{} {verdict} ({} of {} wells{good})",
        own.order, own.valid, own.wanted
    )
}
