//! Motion along a path in time: jerk-limited speed profiles from rest to rest.
//!
//! A profile is a chain of pieces of constant jerk. Between two speeds it ramps with the S-curve
//! of three pieces (jerk up, constant acceleration, jerk down; Biagiotti and Melchiorri,
//! *Trajectory Planning for Automatic Machines and Robots*, Springer 2008, section 3.4), so over a
//! path of one speed limit it is the well-known profile of seven pieces. Paths with slower
//! stretches (curves, sidings) get a plateau for each stretch.
//!
//! With jerk = acceleration x first slosh frequency, a ramp that reaches the full acceleration
//! leaves no slosh behind: a linear change of acceleration over one period of an oscillator is an
//! input shaper for it (Singer and Seering, J. Dyn. Syst. Meas. Control 112 (1990) 76).

use quantity::{Acceleration, Duration, Jerk, Length, Speed};

/// What a mover with its load may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Limits {
    /// Top speed.
    pub speed: Speed,
    /// Top acceleration and deceleration.
    pub acceleration: Acceleration,
    /// Top rate of change of acceleration.
    pub jerk: Jerk,
}

impl Limits {
    /// From metres per second, per second squared and per second cubed.
    #[must_use]
    pub fn from_si(speed: f64, acceleration: f64, jerk: f64) -> Self {
        Self {
            speed: Speed::from_m_per_s(speed),
            acceleration: Acceleration::from_m_per_s2(acceleration),
            jerk: Jerk::from_m_per_s3(jerk),
        }
    }

    /// The stricter of two in each respect.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self {
            speed: self.speed.min(other.speed),
            acceleration: self.acceleration.min(other.acceleration),
            jerk: self.jerk.min(other.jerk),
        }
    }

    /// How long the acceleration takes from zero to its limit.
    #[must_use]
    pub fn jerk_time(self) -> Duration {
        Duration::from_secs_f64(self.acceleration.as_m_per_s2() / self.jerk.as_m_per_s3())
    }

    /// Whether all three are above zero, so that a mover gets anywhere.
    #[must_use]
    pub fn moves(self) -> bool {
        self.speed > Speed::ZERO && self.acceleration > Acceleration::ZERO && self.jerk > Jerk::ZERO
    }

    fn si(self) -> Si {
        Si {
            speed: self.speed.as_m_per_s(),
            acceleration: self.acceleration.as_m_per_s2(),
            jerk: self.jerk.as_m_per_s3(),
        }
    }
}

/// Limits in SI units.
#[derive(Clone, Copy, Debug)]
struct Si {
    speed: f64,
    acceleration: f64,
    jerk: f64,
}

impl Si {
    /// Time of a ramp between two speeds with no acceleration at either end.
    fn ramp_time(self, change: f64) -> f64 {
        let change = change.abs();
        if change >= self.acceleration * self.acceleration / self.jerk {
            change / self.acceleration + self.acceleration / self.jerk
        } else {
            2.0 * (change / self.jerk).sqrt()
        }
    }

    /// Distance of such a ramp.
    fn ramp(self, from: f64, to: f64) -> f64 {
        (from + to) / 2.0 * self.ramp_time(to - from)
    }

    /// The greatest speed of at most `cap` that can be reached from `from` over `distance`.
    fn reachable(self, from: f64, distance: f64, cap: f64) -> f64 {
        if cap <= from || self.ramp(from, cap) <= distance {
            return cap.max(from);
        }
        let (a, j) = (self.acceleration, self.jerk);
        let full = a * a / j;
        // With full acceleration: v^2 + full v + full u - u^2 - 2 a d = 0.
        let square = full * full - 4.0 * (full * from - from * from - 2.0 * a * distance);
        let v = 0.5 * (square.max(0.0).sqrt() - full);
        let v = if v - from >= full {
            v
        } else {
            // Without: (2 u + x^2) x = d sqrt(j), x^2 = v - u. Newton from above.
            let wanted = distance * j.sqrt();
            let mut x = wanted.cbrt();
            if from > 0.0 {
                x = x.min(wanted / (2.0 * from));
            }
            for _ in 0..12 {
                let step = ((2.0 * from + x * x) * x - wanted) / (2.0 * from + 3.0 * x * x);
                x -= step;
                if step.abs() < 1e-15 {
                    break;
                }
            }
            from + x * x
        };
        // Rounding must not make the ramp longer than the room for it.
        (v * (1.0 - 1e-12)).clamp(from, cap)
    }

    /// The greatest speed of at most `cap` in a stretch entered and left at the given speeds.
    fn peak(self, enter: f64, leave: f64, distance: f64, cap: f64) -> f64 {
        let fits = |v: f64| self.ramp(enter, v) + self.ramp(v, leave) <= distance;
        if fits(cap) {
            return cap;
        }
        bisect(enter.max(leave), cap, fits)
    }
}

/// The largest value in `low..high` for which a monotone condition holds, given that it holds at
/// `low`. Forty-four halvings leave an error far below a micrometre or a nanosecond.
fn bisect(low: f64, high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (low, high);
    for _ in 0..44 {
        let middle = 0.5 * (low + high);
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// What a piece of a profile does, which decides where the mover can still stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Acceleration rises or holds.
    Rise,
    /// Acceleration falls back to zero at a higher speed.
    Ease,
    /// Constant speed.
    Cruise,
    /// Any part of slowing down.
    Slow,
}

/// A piece of constant jerk; time, place, speed and acceleration at its start.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    t: f64,
    s: f64,
    v: f64,
    a: f64,
    j: f64,
    phase: Phase,
}

impl Piece {
    fn at(&self, t: f64) -> State {
        let dt = t - self.t;
        State {
            s: self.s + dt * (self.v + dt * (self.a / 2.0 + dt * self.j / 6.0)),
            v: self.v + dt * (self.a + dt * self.j / 2.0),
            a: self.a + dt * self.j,
        }
    }
}

/// Place (m), speed (m/s) and acceleration (m/s2) along the path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct State {
    pub s: f64,
    pub v: f64,
    pub a: f64,
}

/// A stretch of a path with one speed limit: length in metres, limit in metres per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stretch {
    pub length: f64,
    pub speed: f64,
}

/// Motion along a path, from rest to rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    pieces: Vec<Piece>,
    end: f64,
    length: f64,
    limits: Limits,
}

impl Profile {
    /// The fastest motion over a distance within limits that are above zero.
    #[must_use]
    pub fn over(distance: Length, limits: Limits) -> Self {
        Self::over_stretches(
            &[Stretch {
                length: distance.as_m(),
                speed: f64::INFINITY,
            }],
            limits,
        )
    }

    /// Over stretches each with its own speed limit. Acceleration is zero where two stretches
    /// meet, which costs little and makes every plateau a place from which to stop.
    pub(crate) fn over_stretches(stretches: &[Stretch], limits: Limits) -> Self {
        let si = limits.si();
        let mut merged: Vec<Stretch> = Vec::with_capacity(stretches.len());
        for stretch in stretches {
            let speed = stretch.speed.min(si.speed);
            match merged.last_mut() {
                Some(last) if (last.speed - speed).abs() < 1e-9 => last.length += stretch.length,
                _ => merged.push(Stretch {
                    length: stretch.length,
                    speed,
                }),
            }
        }
        let n = merged.len();
        let mut joint = vec![0.0; n + 1];
        for i in 1..n {
            let cap = merged[i - 1].speed.min(merged[i].speed);
            joint[i] = si
                .reachable(joint[i - 1], merged[i - 1].length, cap)
                .min(cap);
        }
        for i in (1..n).rev() {
            joint[i] = joint[i].min(si.reachable(
                joint[i + 1],
                merged[i].length,
                joint[i].max(joint[i + 1]),
            ));
        }
        let mut profile = Self {
            pieces: Vec::with_capacity(7 * n),
            end: 0.0,
            length: 0.0,
            limits,
        };
        for (i, stretch) in merged.iter().enumerate() {
            let (enter, leave) = (joint[i], joint[i + 1]);
            let peak = si.peak(enter, leave, stretch.length, stretch.speed);
            let ramps = si.ramp(enter, peak) + si.ramp(peak, leave);
            profile.ramp(enter, peak, si);
            profile.cruise(peak, (stretch.length - ramps).max(0.0));
            profile.ramp(peak, leave, si);
            // Rounding never accumulates: each stretch ends where it ends.
            profile.length = merged[..=i].iter().map(|s| s.length).sum();
        }
        profile
    }

    /// The distance of the motion.
    #[must_use]
    pub fn length(&self) -> Length {
        Length::from_m(self.length)
    }

    /// The time of the motion.
    #[must_use]
    pub fn duration(&self) -> Duration {
        Duration::from_base((self.end * 1e9).ceil() as i64)
    }

    /// The limits it keeps.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Distance from the start at a time since the start; clamped to the ends.
    #[must_use]
    pub fn position_at(&self, since: Duration) -> Length {
        Length::from_m(self.state(since.as_secs_f64()).s)
    }

    /// Speed at a time since the start; zero outside.
    #[must_use]
    pub fn speed_at(&self, since: Duration) -> Speed {
        Speed::from_m_per_s(self.state(since.as_secs_f64()).v)
    }

    /// Acceleration at a time since the start, negative when slowing down; zero outside.
    #[must_use]
    pub fn acceleration_at(&self, since: Duration) -> Acceleration {
        Acceleration::from_m_per_s2(self.state(since.as_secs_f64()).a)
    }

    /// The first time since the start at which a distance is reached; the end if never.
    #[must_use]
    pub fn time_at(&self, position: Length) -> Duration {
        Duration::from_secs_f64(self.time(position.as_m()))
    }

    /// Acceleration over time as corners of a line: time since the start in seconds, m/s2.
    #[must_use]
    pub fn acceleration_corners(&self) -> Vec<(f64, f64)> {
        let mut corners: Vec<(f64, f64)> = Vec::with_capacity(self.pieces.len() + 1);
        for piece in &self.pieces {
            corners.push((piece.t, piece.a));
        }
        corners.push((self.end, 0.0));
        corners
    }

    pub(crate) fn length_m(&self) -> f64 {
        self.length
    }

    pub(crate) fn state(&self, t: f64) -> State {
        if t >= self.end || self.pieces.is_empty() {
            return State {
                s: self.length,
                v: 0.0,
                a: 0.0,
            };
        }
        let i = self.piece(t);
        let mut state = self.pieces[i].at(t.max(0.0));
        state.s = state.s.min(self.length);
        state
    }

    fn piece(&self, t: f64) -> usize {
        self.pieces.partition_point(|p| p.t <= t).max(1) - 1
    }

    fn piece_end(&self, i: usize) -> f64 {
        self.pieces.get(i + 1).map_or(self.end, |next| next.t)
    }

    /// The first time at which place `s` is reached.
    pub(crate) fn time(&self, s: f64) -> f64 {
        if s <= 0.0 {
            return 0.0;
        }
        if s >= self.length {
            return self.end;
        }
        let i = self.pieces.partition_point(|p| p.s < s).max(1) - 1;
        let piece = &self.pieces[i];
        if piece.phase == Phase::Cruise {
            return (piece.t + (s - piece.s) / piece.v).min(self.piece_end(i));
        }
        // Newton with a bracket: place grows with time within a piece.
        let (mut low, mut high) = (piece.t, self.piece_end(i));
        let mut t = 0.5 * (low + high);
        for _ in 0..60 {
            let state = piece.at(t);
            if state.s < s {
                low = t;
            } else {
                high = t;
            }
            let newton = t - (state.s - s) / state.v;
            let next = if newton > low && newton < high {
                newton
            } else {
                0.5 * (low + high)
            };
            if (next - t).abs() < 1e-12 {
                break;
            }
            t = next;
        }
        t
    }

    fn push(&mut self, j: f64, a: f64, v: f64, duration: f64, phase: Phase) {
        if duration <= 0.0 {
            return;
        }
        let piece = Piece {
            t: self.end,
            s: self.length,
            v,
            a,
            j,
            phase,
        };
        self.end += duration;
        self.length = piece.at(self.end).s;
        self.pieces.push(piece);
    }

    fn ramp(&mut self, from: f64, to: f64, si: Si) {
        let change = to - from;
        if change.abs() < 1e-12 {
            return;
        }
        let sign = change.signum();
        let full = si.acceleration * si.acceleration / si.jerk;
        let (jerk_time, hold) = if change.abs() >= full {
            (
                si.acceleration / si.jerk,
                change.abs() / si.acceleration - si.acceleration / si.jerk,
            )
        } else {
            ((change.abs() / si.jerk).sqrt(), 0.0)
        };
        let peak = sign * si.jerk * jerk_time;
        let (rise, ease) = if sign > 0.0 {
            (Phase::Rise, Phase::Ease)
        } else {
            (Phase::Slow, Phase::Slow)
        };
        let v1 = from + peak * jerk_time / 2.0;
        let v2 = v1 + peak * hold;
        self.push(sign * si.jerk, 0.0, from, jerk_time, rise);
        self.push(0.0, peak, v1, hold, rise);
        self.push(-sign * si.jerk, peak, v2, jerk_time, ease);
    }

    fn cruise(&mut self, speed: f64, distance: f64) {
        if distance > 1e-9 && speed > 0.0 {
            self.push(0.0, 0.0, speed, distance / speed, Phase::Cruise);
        }
    }
}

/// Stopping on the way.
impl Profile {
    /// The nearest place at which a mover in a state of rising acceleration can stop: acceleration
    /// back to zero, then the S-curve down to rest.
    fn stop_from(si: Si, state: State) -> f64 {
        let (v, a, j) = (state.v, state.a.max(0.0), si.jerk);
        let top = v + a * a / (2.0 * j);
        state.s + v * a / j + a * a * a / (3.0 * j * j) + si.ramp(top, 0.0)
    }

    /// The place at which the mover can surely stop, seen from the end of piece `i`, at whose end
    /// its acceleration is zero.
    fn stop_after(&self, si: Si, i: usize) -> f64 {
        let mut i = i;
        while self
            .pieces
            .get(i + 1)
            .is_some_and(|next| next.phase == self.pieces[i].phase && next.a.abs() > 1e-12)
        {
            i += 1;
        }
        let end = self.piece_end(i);
        if end >= self.end {
            return self.length;
        }
        let state = self.pieces[i].at(end);
        state.s + si.ramp(state.v, 0.0)
    }

    /// For each place in ascending order: the first time at which the mover can no longer stop at
    /// or before it. The place that is only passed after it can always be stopped at gets the end.
    ///
    /// The mover's stopping place never moves back: rising, it is where acceleration brought to
    /// zero and a full S-curve would end; easing and slowing, where the ramp finished and a full
    /// S-curve would end; cruising, one S-curve ahead.
    pub(crate) fn commit_times(&self, places: &[f64]) -> Vec<f64> {
        let si = self.limits.si();
        let mut times = Vec::with_capacity(places.len());
        let mut i = 0;
        // A place within a nanometre of the stopping place counts as one that can be stopped at.
        const TOUCH: f64 = 1e-9;
        for &place in places {
            let place = place + TOUCH;
            let time = loop {
                let Some(piece) = self.pieces.get(i) else {
                    break self.end;
                };
                let end = self.piece_end(i);
                match piece.phase {
                    Phase::Ease | Phase::Slow => {
                        if self.stop_after(si, i) > place {
                            break piece.t;
                        }
                    }
                    Phase::Cruise => {
                        let ahead = si.ramp(piece.v, 0.0);
                        let t = piece.t + (place - ahead - piece.s).max(0.0) / piece.v;
                        if t < end {
                            break t;
                        }
                    }
                    Phase::Rise => {
                        if Self::stop_from(si, piece.at(piece.t)) > place {
                            break piece.t;
                        }
                        if Self::stop_from(si, piece.at(end)) > place {
                            break bisect(piece.t, end, |t| {
                                Self::stop_from(si, piece.at(t)) <= place
                            });
                        }
                    }
                }
                i += 1;
            };
            times.push(time);
        }
        times
    }

    /// The same motion up to `t`, the commit time of `place` (see [`Self::commit_times`]), then a
    /// stop there.
    pub(crate) fn stopping(&self, t: f64, place: f64) -> Self {
        let si = self.limits.si();
        let mut stop = Self {
            pieces: Vec::new(),
            end: 0.0,
            length: 0.0,
            limits: self.limits,
        };
        if t >= self.end || self.pieces.is_empty() {
            return self.clone();
        }
        // At a border, the piece before it: the mover has not yet begun the next one.
        let mut i = self.pieces.partition_point(|p| p.t < t).max(1) - 1;
        let piece = self.pieces[i];
        let (keep_until, state) =
            match piece.phase {
                Phase::Rise | Phase::Cruise => (t.max(0.0), piece.at(t.max(0.0))),
                Phase::Ease | Phase::Slow => {
                    while self.pieces.get(i + 1).is_some_and(|next| {
                        next.phase == self.pieces[i].phase && next.a.abs() > 1e-12
                    }) {
                        i += 1;
                    }
                    let end = self.piece_end(i);
                    (end, self.pieces[i].at(end))
                }
            };
        stop.pieces.extend_from_slice(&self.pieces[..=i]);
        stop.end = keep_until;
        stop.length = state.s;
        let mut speed = state.v;
        if piece.phase == Phase::Rise && state.a > 0.0 {
            stop.push(-si.jerk, state.a, state.v, state.a / si.jerk, Phase::Ease);
            speed = state.v + state.a * state.a / (2.0 * si.jerk);
        }
        if speed > 1e-9 {
            let brake = si.ramp(speed, 0.0);
            stop.cruise(speed, (place - stop.length - brake).max(0.0));
            stop.ramp(speed, 0.0, si);
        }
        stop.length = place;
        stop
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(profile: &Profile) {
        let si = profile.limits.si();
        let mut last = State {
            s: 0.0,
            v: 0.0,
            a: 0.0,
        };
        let n = 4000;
        let dt = profile.end / f64::from(n);
        for i in 0..=n {
            let state = profile.state(dt * f64::from(i));
            assert!(state.s >= last.s - 1e-9, "never back");
            assert!(state.v >= -1e-9 && state.v <= si.speed + 1e-9);
            assert!(state.a.abs() <= si.acceleration + 1e-9);
            assert!((state.a - last.a).abs() <= si.jerk * dt + 1e-9, "jerk");
            assert!((state.s - last.s - 0.5 * (state.v + last.v) * dt).abs() < 1e-5);
            last = state;
        }
        assert!((last.s - profile.length).abs() < 1e-6 && last.v.abs() < 1e-6);
    }

    #[test]
    fn known_times() {
        // 10 m at 2 m/s and 2 m/s2 without jerk limit is 6 s; each jerk time adds itself.
        let limits = Limits::from_si(2.0, 2.0, 20.0);
        let profile = Profile::over(Length::from_m(10.0), limits);
        assert!((profile.duration().as_secs_f64() - 6.1).abs() < 1e-6);
        check(&profile);
    }

    #[test]
    fn short_and_long_rides_keep_the_limits() {
        for distance in [0.001, 0.02, 0.1, 0.3, 1.0, 3.0, 20.0] {
            for (v, a, j) in [(2.0, 10.0, 100.0), (2.0, 0.7, 1.7), (0.5, 3.0, 6.0)] {
                check(&Profile::over(
                    Length::from_m(distance),
                    Limits::from_si(v, a, j),
                ));
            }
        }
    }

    #[test]
    fn slow_stretches_are_kept() {
        let limits = Limits::from_si(2.0, 3.0, 30.0);
        let stretches: Vec<Stretch> = [
            (0.3, 0.5),
            (4.0, 9.0),
            (0.8, 0.9),
            (0.2, 1.4),
            (0.8, 0.9),
            (0.05, 0.3),
            (0.1, 5.0),
            (0.3, 0.5),
        ]
        .map(|(length, speed)| Stretch { length, speed })
        .to_vec();
        let profile = Profile::over_stretches(&stretches, limits);
        check(&profile);
        let mut end = 0.0;
        for stretch in stretches {
            for i in 0..50 {
                let s = end + stretch.length * f64::from(i) / 50.0;
                let v = profile.state(profile.time(s)).v;
                assert!(v <= stretch.speed + 1e-6, "{v} at {s}");
            }
            end += stretch.length;
        }
    }

    #[test]
    fn time_is_the_inverse_of_place() {
        let profile = Profile::over(Length::from_m(3.0), Limits::from_si(2.0, 4.0, 40.0));
        for i in 1..300 {
            let s = f64::from(i) / 100.0;
            assert!((profile.state(profile.time(s)).s - s).abs() < 1e-8);
        }
    }

    #[test]
    fn a_mover_stops_wherever_it_has_not_committed_beyond() {
        let limits = Limits::from_si(2.0, 3.0, 30.0);
        let profile = Profile::over_stretches(
            &[(0.3, 0.5), (4.0, 9.0), (0.8, 0.9), (3.0, 9.0), (0.3, 0.4)]
                .map(|(length, speed)| Stretch { length, speed }),
            limits,
        );
        let places: Vec<f64> = (0..=80).map(|i| f64::from(i) * 0.1).collect();
        let times = profile.commit_times(&places);
        assert!(times.is_sorted());
        for (&place, &time) in places.iter().zip(&times) {
            if time < profile.end && time > 0.0 {
                let stop = profile.stopping(time, place);
                check(&stop);
                assert!((stop.length - place).abs() < 1e-9);
                for share in [0.3, 0.7, 1.0] {
                    let t = time * share;
                    assert!((stop.state(t).s - profile.state(t).s).abs() < 1e-9);
                }
                let before = stop.state(stop.end - 1e-6);
                assert!((before.s - place).abs() < 1e-5, "{} {place}", before.s);
            }
        }
    }
}
