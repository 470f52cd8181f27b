//! A hall with one thing more, or one thing less.

use bus::{Capability, Role};
use lab::{Hall, Mover};
use quantity::{InstrumentId, MoverId, NestId};
use transport::BerthKind;

/// The hall with one more instrument of a kind that it has, at the station that has fewest
/// instruments of those that have one. None if it has none of this kind.
#[must_use]
pub fn one_more(hall: &Hall, kind: &str) -> Option<Hall> {
    let like = hall
        .instruments
        .iter()
        .filter(|i| &*i.kind == kind)
        .min_by_key(|i| (hall.station(i.station).instruments.len(), i.id))?;
    let mut more = hall.clone();
    let id = InstrumentId(more.instruments.len() as u32);
    let mut new = like.clone();
    new.id = id;
    new.name = format!("{} (more)", like.name).into();
    new.nests = (0..like.nests.len())
        .map(|k| NestId((more.nests.len() + k) as u32))
        .collect();
    more.nests.extend(new.nests.iter().map(|_| id));
    more.stations[like.station.index()].instruments.push(id);
    more.instruments.push(new);
    Some(more)
}

/// The hall with one more mover like its first. None if no parking berth is free for it.
#[must_use]
pub fn one_more_mover(hall: &Hall) -> Option<Hall> {
    let homes: Vec<_> = hall.movers.iter().map(|m| m.home).collect();
    let free = hall
        .track
        .berths()
        .iter()
        .find(|b| b.kind == BerthKind::Parking && !homes.contains(&b.id))?;
    let mut more = hall.clone();
    let new = Mover {
        id: MoverId(hall.movers.len() as u32),
        name: "mover (more)".into(),
        home: free.id,
        ..hall.movers.first()?.clone()
    };
    more.movers.push(new);
    Some(more)
}

/// The hall with one instrument out of order: it stands there and does nothing.
#[must_use]
pub fn without(hall: &Hall, out: InstrumentId) -> Hall {
    let mut less = hall.clone();
    less.instruments[out.index()].capabilities = Vec::<Capability>::new();
    less
}

/// Kinds of the hall that do steps, in order of name, each once.
#[must_use]
pub fn kinds(hall: &Hall) -> Vec<String> {
    let mut kinds: Vec<String> = hall
        .with_role(Role::Work)
        .map(|i| i.kind.to_string())
        .collect();
    kinds.sort();
    kinds.dedup();
    kinds
}
