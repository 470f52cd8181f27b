//! Arms: a plate is lifted from one place and put down in another, in one go.
//!
//! An arm takes a plate only when the place where it goes is ready, so it always gets rid of it. On
//! the first grip the barcode is read; a plate that is not the right one goes back to its home.

use crate::commands::Owner;
use crate::conductor::{Conductor, Flow};
use crate::effect::FaultEnd;
use crate::limits::{ARM_RETRIES, ARM_SERVICES};
use crate::order::{Goal, Handling, OrderState, Phase, Stage};
use crate::persons::Purpose;
use crate::waits::Want;
use crate::{Effect, Ending};
use bus::{Action, Device, Fault, Flag, Outcome, Request};
use labware::Place;
use quantity::{ArmId, CommandId, Duration, OrderId, StationId};
use std::sync::Arc;

/// What the arm is to do next with a plate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    Pick,
    Scan,
    Place,
}

impl Conductor {
    /// The arm of a station, which is free, takes the plate on.
    pub(crate) fn handle(
        &mut self,
        o: &mut OrderState,
        station: StationId,
        from: Place,
        to: Place,
    ) {
        self.health.arm_mut(station).holder = Some(o.id());
        if let Phase::Leg(leg) = &mut o.phase {
            leg.handling = Some(Handling {
                station,
                from,
                to,
                command: None,
                back: false,
            });
            leg.tries = 0;
        }
        self.move_arm(o);
    }

    fn handling(o: &OrderState) -> Option<Handling> {
        match &o.phase {
            Phase::Leg(leg) => leg.handling,
            _ => None,
        }
    }

    /// An arm whose work was interrupted goes on.
    pub(crate) fn arm_again(&mut self, o: &mut OrderState) -> Flow {
        let Some(handling) = Self::handling(o) else {
            return Flow::Stop;
        };
        let arm = self.health.arm(handling.station);
        if handling.command.is_some() || arm.reset.is_some() || arm.service.is_some() {
            return Flow::Stop;
        }
        if self.health.is_gone(handling.station) {
            return self.wait(o, Want::Station(handling.station));
        }
        self.move_arm(o);
        Flow::Stop
    }

    /// Issues the next command of the arm, which follows from where the plate is.
    fn move_arm(&mut self, o: &mut OrderState) {
        let Some(handling) = Self::handling(o) else {
            return;
        };
        let arm = ArmId(handling.station.0);
        let plate = o.plate();
        let times = &self.hall.station(handling.station).arm;
        let held = self.places.place(plate) == Place::Arm(arm);
        // A plate that was given up goes to quarantine, whoever it is: to ask again would find the
        // same and put it back again, for ever.
        let given_up = matches!(o.goal, Goal::Quarantine(_));
        let next = match (held, o.scanned || handling.back || given_up) {
            (false, _) => Move::Pick,
            (true, false) => Move::Scan,
            (true, true) => Move::Place,
        };
        let (action, expected) = match next {
            Move::Pick => (
                Action::Pick {
                    arm,
                    plate,
                    from: handling.from,
                },
                times.pick + times.regrip * 2,
            ),
            Move::Scan => (
                Action::Scan {
                    arm,
                    plate,
                    expected: o.order.barcode.clone(),
                },
                times.regrip,
            ),
            Move::Place => {
                let to = if handling.back {
                    handling.from
                } else {
                    handling.to
                };
                (Action::Place { arm, plate, to }, times.place)
            }
        };
        let command = self.issue(action, Some(o.id()), Owner::Arm(o.id()), expected);
        if let Phase::Leg(leg) = &mut o.phase
            && let Some(handling) = &mut leg.handling
        {
            handling.command = Some(command);
        }
    }

    /// An arm's command was carried out.
    pub(crate) fn arm_done(&mut self, order: OrderId, outcome: Outcome) {
        self.with(order, |this, o| {
            let Phase::Leg(leg) = &mut o.phase else {
                return;
            };
            leg.tries = 0;
            let Some(handling) = &mut leg.handling else {
                return;
            };
            handling.command = None;
            let handling = *handling;
            let arm = Place::Arm(ArmId(handling.station.0));
            match outcome {
                Outcome::Picked { .. } => {
                    this.close_faults(o, FaultEnd::Recovered);
                    if this.moved(o, handling.from, arm) {
                        this.move_arm(o);
                    }
                }
                Outcome::Scanned { text } => {
                    if text == o.order.barcode {
                        this.close_faults(o, FaultEnd::Recovered);
                        o.scanned = true;
                        this.move_arm(o);
                    } else {
                        this.wrong_barcode(o, &text);
                    }
                }
                _ => this.put_down(o, handling),
            }
        });
    }

    /// A hand-off that was reported is noted.
    fn moved(&mut self, o: &mut OrderState, from: Place, to: Place) -> bool {
        if let Err(error) = self.places.hand_off(o.plate(), from, to) {
            // Books and reports disagree: only a person can tell what is so.
            self.give_up(
                o,
                format!("the books do not fit what was reported: {error}"),
            );
            self.abandon(o);
            return false;
        }
        self.vacated(from);
        true
    }

    /// The plate was put down: on the mover, in its nest, or back where it was.
    fn put_down(&mut self, o: &mut OrderState, handling: Handling) {
        let arm = Place::Arm(ArmId(handling.station.0));
        self.close_faults(o, FaultEnd::Recovered);
        let to = if handling.back {
            handling.from
        } else {
            handling.to
        };
        let promised = match &mut o.phase {
            Phase::Leg(leg) if leg.to.as_ref().is_some_and(|p| Place::Nest(p.nest()) == to) => {
                leg.to.take()
            }
            _ => None,
        };
        let noted = match promised {
            Some(promised) => self.places.arrive(promised, arm),
            None => self.places.hand_off(o.plate(), arm, to),
        };
        if let Err(error) = noted {
            self.give_up(
                o,
                format!("the books do not fit what was reported: {error}"),
            );
            return self.abandon(o);
        }
        self.release_arm(handling.station);
        let Phase::Leg(leg) = &mut o.phase else {
            return;
        };
        leg.handling = None;
        match to {
            Place::Mover(_) => {
                leg.stage = Stage::Away;
                self.look_at(o.id());
            }
            _ if handling.back => {
                self.call_off(o);
                self.look_at(o.id());
            }
            _ => self.leg_done(o),
        }
    }

    pub(crate) fn release_arm(&mut self, station: StationId) {
        self.health.arm_mut(station).holder = None;
        self.freed(Want::Arm(station));
    }

    /// An arm's command was not carried out as asked.
    pub(crate) fn arm_failed(&mut self, order: OrderId, command: CommandId, fault: &Fault) {
        self.with(order, |this, o| {
            let Phase::Leg(leg) = &mut o.phase else {
                return;
            };
            let Some(handling) = &mut leg.handling else {
                return;
            };
            handling.command = None;
            leg.tries += 1;
            let (tries, handling) = (leg.tries, *handling);
            let device = Device::Arm(ArmId(handling.station.0));
            let held = this.places.place(o.plate()) == Place::Arm(ArmId(handling.station.0));
            match fault {
                Fault::PlateDropped => this.dropped(o, handling, command),
                Fault::BarcodeWrong { found } => {
                    let found = found.clone();
                    this.wrong_barcode(o, &found);
                }
                Fault::BarcodeUnreadable => {
                    this.open_fault(o, fault.class(), Some(device), Some(command), "read again");
                    if tries <= ARM_RETRIES {
                        this.move_arm(o);
                    } else {
                        this.give_up(o, "its barcode can't be read");
                        this.put_back(o);
                    }
                }
                Fault::NeedsService { .. } => {
                    this.open_fault(o, fault.class(), Some(device), Some(command), "service");
                    this.service_arm(handling.station);
                }
                Fault::PoseOutOfTolerance(_) | Fault::GripFailed if tries <= ARM_RETRIES => {
                    this.open_fault(
                        o,
                        fault.class(),
                        Some(device),
                        Some(command),
                        "gripped again",
                    );
                    this.move_arm(o);
                }
                Fault::PoseOutOfTolerance(_) | Fault::GripFailed if !held => {
                    this.open_fault(o, fault.class(), Some(device), Some(command), "given up");
                    this.give_up(o, format!("the arm can't grip it: {}", fault.class()));
                    this.abandon(o);
                }
                Fault::Refused { why } => {
                    this.open_fault(o, fault.class(), Some(device), Some(command), "given up");
                    this.give_up(o, format!("the arm refused: {why}"));
                    if held {
                        this.service_arm(handling.station);
                    } else {
                        this.abandon(o);
                    }
                }
                _ if tries <= ARM_RETRIES => {
                    this.open_fault(
                        o,
                        fault.class(),
                        Some(device),
                        Some(command),
                        "reset, again",
                    );
                    this.reset_arm(handling.station);
                }
                _ => {
                    this.open_fault(o, fault.class(), Some(device), Some(command), "service");
                    this.service_arm(handling.station);
                }
            }
        });
    }

    /// The arm is brought back to a known state; what it was at goes on afterwards.
    pub(crate) fn reset_arm(&mut self, station: StationId) {
        let device = Device::Arm(ArmId(station.0));
        let command = self.issue(
            Action::Reset { device },
            None,
            Owner::ResetArm(station),
            Duration::ZERO,
        );
        self.health.arm_mut(station).reset = Some(command);
    }

    /// A reset of an arm helped, or not.
    pub(crate) fn arm_reset(&mut self, station: StationId, helped: bool) {
        self.health.arm_mut(station).reset = None;
        if !helped {
            return self.service_arm(station);
        }
        self.arm_fit(station);
    }

    /// The arm can be used again.
    fn arm_fit(&mut self, station: StationId) {
        match self.health.arm(station).holder {
            Some(order) => self.look_at(order),
            None => self.freed(Want::Arm(station)),
        }
    }

    /// A person looks after the arm, and says where its plate is.
    pub(crate) fn service_arm(&mut self, station: StationId) {
        if self.health.arm(station).service.is_some() {
            return;
        }
        let device = Device::Arm(ArmId(station.0));
        let order = self.health.arm(station).holder;
        let task = self.ask(
            Request::Service { device },
            Purpose::Arm(station),
            order,
            "the arm does not work",
        );
        self.health.arm_mut(station).service = Some(task);
        for instrument in self.hall.station(station).instruments.clone() {
            self.planner
                .machine_down(instrument.index(), self.now, None);
        }
        self.repair_wanted = true;
    }

    /// The arm is fit again; the plate that it was at was found there.
    pub(crate) fn arm_serviced(&mut self, station: StationId, found: Option<Place>) {
        self.health.arm_mut(station).service = None;
        self.up_again(station);
        let Some(order) = self.health.arm(station).holder else {
            self.freed(Want::Arm(station));
            return;
        };
        self.with(order, |this, o| {
            this.close_faults(o, FaultEnd::ByPerson);
            let Some(handling) = Self::handling(o) else {
                return;
            };
            let mut hopeless = false;
            if let Phase::Leg(leg) = &mut o.phase {
                leg.tries = 0;
                leg.services += 1;
                hopeless = leg.services > ARM_SERVICES;
            }
            // What the last command left behind is known by looking.
            let mut in_doubt = None;
            if let Some(command) = handling.command {
                in_doubt = this.commands.get(command).map(|f| f.command.action.clone());
                this.close(command);
                if let Phase::Leg(leg) = &mut o.phase
                    && let Some(handling) = &mut leg.handling
                {
                    handling.command = None;
                }
            }
            let arm = Place::Arm(ArmId(station.0));
            let believed = this.places.place(o.plate());
            let target = if handling.back {
                handling.from
            } else {
                handling.to
            };
            // A person who does not name a place saw no plate in the gripper.
            let found = found.unwrap_or(match in_doubt {
                Some(Action::Place { .. }) => target,
                _ if believed == arm => Place::Floor(station),
                _ => believed,
            });
            if found == believed && hopeless {
                this.give_up(o, "the arm fails again and again");
                this.abandon(o);
            } else if found == believed {
                this.look_at(o.id());
            } else if found == arm {
                if this.moved(o, believed, arm) {
                    this.look_at(o.id());
                }
            } else if found == target && believed == arm {
                this.put_down(o, handling);
            } else {
                this.lost_at(o, handling, found);
            }
        });
    }

    /// The plate was found somewhere else than where the arm could have put it.
    fn lost_at(&mut self, o: &mut OrderState, handling: Handling, place: Place) {
        let believed = self.places.place(o.plate());
        self.give_up(o, format!("it was found at {place}"));
        if self.places.hand_off(o.plate(), believed, place).is_ok() {
            self.vacated(believed);
        }
        if let Place::Floor(_) | Place::Outside = place {
            return self.lost(o, handling.station, "a person found it on the floor");
        }
        self.abandon(o);
    }

    /// The plate fell.
    fn dropped(&mut self, o: &mut OrderState, handling: Handling, command: CommandId) {
        let device = Device::Arm(ArmId(handling.station.0));
        self.open_fault(
            o,
            Fault::PlateDropped.class(),
            Some(device),
            Some(command),
            "a person takes it away; the arm is reset",
        );
        let from = self.places.place(o.plate());
        let floor = Place::Floor(handling.station);
        if self.places.hand_off(o.plate(), from, floor).is_ok() {
            self.vacated(from);
        }
        self.give_up(o, "it was dropped");
        self.reset_arm(handling.station);
        self.lost(o, handling.station, "it was dropped");
    }

    /// The plate is lost: the order ends, a person takes the plate away.
    fn lost(&mut self, o: &mut OrderState, station: StationId, why: &str) {
        self.let_go(o);
        self.ask(
            Request::TakeAway {
                plate: o.plate(),
                place: Place::Floor(station),
            },
            Purpose::Clear(o.plate()),
            Some(o.id()),
            why,
        );
        // A plate that was given up before may have met another fault on its way out.
        self.close_faults(o, FaultEnd::PlateGivenUp);
        self.end(o, Ending::Lost(why.into()));
    }

    /// The leg's mover, nest and arm are given free; the plate stays where it is.
    fn let_go(&mut self, o: &mut OrderState) {
        let phase = std::mem::replace(&mut o.phase, Phase::Resting);
        let Phase::Leg(leg) = phase else {
            o.phase = phase;
            return;
        };
        if let Some(promised) = leg.to {
            self.give_back(promised);
        }
        if let Some(handling) = leg.handling {
            if let Some(command) = handling.command {
                self.close(command);
            }
            if self.health.arm(handling.station).holder == Some(o.id()) {
                self.release_arm(handling.station);
            }
        }
        if let Place::Nest(nest) = leg.from {
            self.places.set_leaving(nest, false);
            let waiting = self.places.promised_to(nest);
            if let Some(order) = waiting.and_then(|plate| self.plates.get(&plate).copied()) {
                self.look_at(order);
            }
        }
        if let Some(mover) = leg.mover {
            self.release_mover(mover);
        }
    }

    /// The leg ends where the plate is, since the arm can't do more: a person takes it away.
    pub(crate) fn abandon(&mut self, o: &mut OrderState) {
        self.let_go(o);
        if let Place::Arm(arm) = self.places.place(o.plate()) {
            // Nobody else has it before the gripper is empty.
            self.health.arm_mut(StationId(arm.0)).holder = Some(o.id());
        }
        if let Place::Mover(mover) = self.places.place(o.plate()) {
            // The dock is needed by others.
            let limits = self.loaded(o, mover);
            self.park(mover, limits);
        }
        let why: Arc<str> = match &o.goal {
            Goal::Quarantine(why) => why.clone(),
            _ => "it can't be moved".into(),
        };
        self.take_away(o, Ending::Quarantined(why.clone()), &why);
    }

    /// The plate in the gripper goes back to the nest from which it was lifted, which is its home.
    fn put_back(&mut self, o: &mut OrderState) {
        if let Phase::Leg(leg) = &mut o.phase {
            leg.tries = 0;
            if let Some(handling) = &mut leg.handling {
                handling.back = true;
            }
        }
        self.move_arm(o);
    }

    /// The barcode says that this is another plate: both are not to be trusted.
    fn wrong_barcode(&mut self, o: &mut OrderState, found: &str) {
        let device = Self::handling(o).map(|h| Device::Arm(ArmId(h.station.0)));
        self.open_fault(
            o,
            "wrong barcode",
            device,
            None,
            "quarantine of both plates",
        );
        let other = self
            .orders
            .iter()
            .filter_map(|(id, other)| Some((*id, other.as_ref()?)))
            .find(|(_, other)| *other.order.barcode == *found)
            .map(|(id, _)| id);
        if let Some(other) = other {
            let why = format!("another plate ({}) carries its barcode", o.plate());
            self.with(other, |this, other| this.give_up(other, why));
            self.look_at(other);
        }
        self.give_up(o, format!("its barcode says '{found}'"));
        self.put_back(o);
    }

    /// Marks wells of the order's plate.
    pub(crate) fn mark(
        &mut self,
        o: &mut OrderState,
        step: Option<quantity::StepId>,
        wells: Vec<labware::Well>,
        flag: Flag,
    ) {
        let wells = o.believed.flag(wells, flag);
        if !wells.is_empty() {
            self.emit(Effect::WellsFlagged {
                order: o.id(),
                plate: o.plate(),
                step,
                wells,
                flag,
            });
        }
    }
}
