//! The event core raced against the heap of the standard library on one and the same building:
//! `events [STATIONS PLATES]`.
//!
//! Every plate visits eight stations, drawn anew each time; a station works on one plate at a time and the
//! others queue. An arrival and the end of work are an event each. Processor seconds; both must end in the
//! same history.
#![allow(missing_docs)]

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use twin::Wheel;

/// Steps of a plate.
const STEPS: u8 = 8;

/// Processor seconds of this thread.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|n| n.parse::<f64>().ok());
    nanos.unwrap_or(0.0) * 1e-9
}

/// Plate, and whether its work ends (or it arrives).
type Event = (u32, bool);

trait Queue: Default {
    fn put(&mut self, at: i64, event: Event);
    fn take(&mut self) -> Option<(i64, Event)>;
}

impl Queue for Wheel<Event> {
    fn put(&mut self, at: i64, event: Event) {
        self.push(at, event);
    }
    fn take(&mut self) -> Option<(i64, Event)> {
        self.pop()
    }
}

impl Queue for BinaryHeap<Reverse<(i64, Event)>> {
    fn put(&mut self, at: i64, event: Event) {
        self.push(Reverse((at, event)));
    }
    fn take(&mut self) -> Option<(i64, Event)> {
        self.pop().map(|Reverse(event)| event)
    }
}

/// splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[derive(Clone, Copy, Default)]
struct Plate {
    station: u32,
    done: u8,
}

#[derive(Clone, Default)]
struct Station {
    busy: bool,
    queue: VecDeque<u32>,
}

/// Events, the sum of what happened when, and processor seconds.
fn simulate<Q: Queue>(stations: usize, plates: usize) -> (u64, u64, f64) {
    let begun = cpu();
    let mut queue = Q::default();
    let mut hall = vec![Station::default(); stations];
    let mut all = vec![Plate::default(); plates];
    let mut random = 1;
    let second = 1_000_000_000;
    // All that fit at once, the others when they have done: the building is never empty.
    for plate in 0..plates as u32 {
        let at = draw(&mut random) % (3_600 * second);
        all[plate as usize].station = (draw(&mut random) % stations as u64) as u32;
        queue.put(at as i64, (plate, false));
    }
    let (mut events, mut history) = (0_u64, 0_u64);
    while let Some((at, (plate, ends))) = queue.take() {
        events += 1;
        history = (history.rotate_left(7) ^ at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ u64::from(plate);
        let who = &mut all[plate as usize];
        let station = &mut hall[who.station as usize];
        let mut next = None;
        if ends {
            next = station.queue.pop_front();
            station.busy = next.is_some();
            who.done += 1;
            if who.done < STEPS {
                let word = draw(&mut random);
                who.station = (word % stations as u64) as u32;
                let travel = 10 * second + (word >> 20) % (50 * second);
                queue.put(at + travel as i64, (plate, false));
            }
        } else if station.busy {
            station.queue.push_back(plate);
        } else {
            station.busy = true;
            next = Some(plate);
        }
        if let Some(plate) = next {
            let work = 60 * second + draw(&mut random) % (600 * second);
            queue.put(at + work as i64, (plate, true));
        }
    }
    (events, history, cpu() - begun)
}

fn main() -> Result<(), String> {
    let mut numbers = std::env::args().skip(1).filter_map(|a| a.parse().ok());
    let (stations, plates) = (
        numbers.next().unwrap_or(10_000),
        numbers.next().unwrap_or(100_000),
    );
    println!("stations  plates   events | wheel M/s  heap M/s  ratio");
    let (mut wheel, mut heap) = (f64::MAX, f64::MAX);
    let mut count = 0;
    // The best of three of each, in turns.
    for _ in 0..3 {
        let (events, history, seconds) = simulate::<Wheel<Event>>(stations, plates);
        wheel = wheel.min(seconds);
        let (_, same, seconds) = simulate::<BinaryHeap<Reverse<(i64, Event)>>>(stations, plates);
        heap = heap.min(seconds);
        if history != same {
            return Err("the wheel and the heap tell different histories".to_owned());
        }
        count = events;
    }
    let million = count as f64 * 1e-6;
    println!(
        "{stations:>8} {plates:>7} {count:>8} | {:>9.2} {:>9.2} {:>6.2}",
        million / wheel,
        million / heap,
        heap / wheel
    );
    Ok(())
}
