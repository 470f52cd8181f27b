//! Every class of fault: what is reported, what is true, and what helps.
#![allow(clippy::unwrap_used)]

mod common;

use bus::{Action, Device, Driver, Fault, Known, Outcome, Report, Request};
use common::{Hand, PLATE, calm, fill, quantity, wells};
use labware::{Cover, Place};
use protocol::Worklist;
use quantity::{Duration, Kind, MoverId, PlateId, StationId, Volume};
use transport::{Limits, Traffic};
use twin::nature::{Reagent, ReagentMeaning};
use twin::{Answer, Breach, FaultKind, FaultPlan, FaultRates, Outage, Target, TwinConfig};

const KIND: &str = "corning_96_wellplate_360ul_flat";

fn with(plan: FaultPlan) -> TwinConfig {
    TwinConfig {
        plan,
        reagents: vec![
            Reagent::new("water", ReagentMeaning::Inert),
            Reagent::new("dye", ReagentMeaning::Inert),
        ],
        ..calm()
    }
}

fn next(target: &'static str, fault: FaultKind) -> Hand {
    Hand::new(with(FaultPlan::default().once(Target::Kind(target), fault)))
}

fn water(ul: f64) -> Option<Worklist> {
    Some(Worklist {
        transfers: fill(wells(KIND), 0, ul),
    })
}

fn dispense(hand: &Hand, step: u16) -> Action {
    hand.perform(PLATE, step, "dispense", &[], water(50.0))
}

fn held(hand: &Hand) -> Volume {
    let contents = hand.twin.contents(PLATE).unwrap();
    contents.wells().iter().map(|well| well.volume()).sum()
}

fn read(hand: &Hand) -> Action {
    hand.perform(
        PLATE,
        7,
        "read_absorbance",
        &[("wavelength", quantity(Kind::Wavelength, "600 nm"))],
        None,
    )
}

/// A plate in the first nest of an instrument.
fn plate_in(hand: &mut Hand, capability: &str) -> Place {
    let nest = hand.nest(capability);
    hand.bring(PLATE, KIND, nest);
    Place::Nest(nest)
}

fn clean(hand: &Hand) {
    assert!(
        hand.twin.violations().is_empty(),
        "{:?}",
        hand.twin.violations()
    );
    assert!(hand.twin.custody_agrees());
}

#[test]
fn a_wrong_pose_measurement_goes_away() {
    let mut hand = next("pick", FaultKind::PoseOff { lasting: false });
    let nest = plate_in(&mut hand, "hotel");
    let Fault::PoseOutOfTolerance(pose) = hand.fails(hand.pick(PLATE, nest)) else {
        panic!()
    };
    assert!(pose.x.as_mm().abs() > 1.5);
    assert_eq!(hand.twin.place_of(PLATE), Some(nest));
    hand.must(hand.pick(PLATE, nest));
    clean(&hand);
}

#[test]
fn a_plate_that_lies_askew_needs_a_person() {
    let mut hand = next("pick", FaultKind::PoseOff { lasting: true });
    let nest = plate_in(&mut hand, "hotel");
    for _ in 0..4 {
        let fault = hand.fails(hand.pick(PLATE, nest));
        assert_eq!(fault.class(), "pose out of tolerance");
    }
    let arm = hand.reaching(nest);
    hand.ask(Request::Service {
        device: Device::Arm(arm),
    });
    hand.must(hand.pick(PLATE, nest));
    clean(&hand);
}

#[test]
fn a_failed_grip_leaves_the_plate() {
    let mut hand = next("pick", FaultKind::GripFailed);
    let nest = plate_in(&mut hand, "hotel");
    assert_eq!(hand.fails(hand.pick(PLATE, nest)), Fault::GripFailed);
    assert_eq!(hand.twin.place_of(PLATE), Some(nest));
    hand.must(hand.pick(PLATE, nest));
    clean(&hand);
}

#[test]
fn a_dropped_plate_is_on_the_floor_and_the_arm_needs_a_reset() {
    let mut hand = next("place", FaultKind::Dropped);
    let nest = plate_in(&mut hand, "hotel");
    let arm = hand.reaching(nest);
    hand.must(hand.pick(PLATE, nest));
    assert_eq!(hand.fails(hand.place(PLATE, nest)), Fault::PlateDropped);
    let floor = Place::Floor(StationId(arm.0));
    assert_eq!(hand.twin.place_of(PLATE), Some(floor));
    assert!(hand.twin.is_spoilt(PLATE));
    hand.bring(PlateId(1), KIND, hand.nest("hotel"));
    let again = hand.pick(PlateId(1), nest);
    assert!(matches!(hand.fails(again.clone()), Fault::Retryable { .. }));
    hand.must(Action::Reset {
        device: Device::Arm(arm),
    });
    hand.must(again);
    let found = hand.ask(Request::TakeAway {
        plate: PLATE,
        place: nest,
    });
    assert_eq!(found, Some(floor));
    assert_eq!(hand.twin.place_of(PLATE), Some(Place::Outside));
    clean(&hand);
}

fn scan(hand: &Hand, nest: Place) -> Action {
    Action::Scan {
        arm: hand.reaching(nest),
        plate: PLATE,
        expected: "NIL-0".into(),
    }
}

#[test]
fn barcodes_are_unreadable_once_or_for_good() {
    for lasting in [false, true] {
        let mut hand = next("scan", FaultKind::BarcodeUnreadable { lasting });
        let nest = plate_in(&mut hand, "hotel");
        hand.must(hand.pick(PLATE, nest));
        assert_eq!(hand.fails(scan(&hand, nest)), Fault::BarcodeUnreadable);
        match hand.run(scan(&hand, nest)).unwrap() {
            Report::Done { outcome, .. } if !lasting => assert_eq!(
                outcome,
                Outcome::Scanned {
                    text: "NIL-0".into()
                }
            ),
            Report::Failed { fault, .. } if lasting => assert_eq!(fault, Fault::BarcodeUnreadable),
            other => panic!("{other:?}"),
        }
        clean(&hand);
    }
}

#[test]
fn barcodes_are_wrong_by_misreading_or_by_the_wrong_plate() {
    let text = |hand: &mut Hand, nest| match hand.must(scan(hand, nest)) {
        Outcome::Scanned { text } => text,
        other => panic!("{other:?}"),
    };
    let mut hand = next("scan", FaultKind::BarcodeMisread);
    let nest = plate_in(&mut hand, "hotel");
    hand.must(hand.pick(PLATE, nest));
    assert_ne!(&*text(&mut hand, nest), "NIL-0");
    assert_eq!(&*text(&mut hand, nest), "NIL-0");
    let mut hand = next("ask", FaultKind::WrongPlateBrought);
    let nest = plate_in(&mut hand, "hotel");
    hand.must(hand.pick(PLATE, nest));
    for _ in 0..2 {
        assert_eq!(&*text(&mut hand, nest), "NIL-0-other");
    }
    clean(&hand);
}

#[test]
fn a_retryable_error_leaves_the_sample_and_a_reset_helps() {
    let mut hand = next("perform", FaultKind::Retryable);
    plate_in(&mut hand, "dispense");
    let device = Device::Instrument(hand.instrument("dispense"));
    for _ in 0..2 {
        let fault = hand.fails(dispense(&hand, 0));
        assert_eq!(fault.class(), "device error, retryable");
        assert_eq!(held(&hand), Volume::ZERO);
    }
    assert_eq!(hand.must(Action::Reset { device }), Outcome::Done);
    hand.must(dispense(&hand, 0));
    assert!(held(&hand) > Volume::ZERO);
    clean(&hand);
}

#[test]
fn an_instrument_that_needs_service_waits_for_a_person() {
    let mut hand = next("perform", FaultKind::NeedsService);
    plate_in(&mut hand, "dispense");
    let device = Device::Instrument(hand.instrument("dispense"));
    assert_eq!(
        hand.fails(dispense(&hand, 0)).class(),
        "device error, needs service"
    );
    let reset = hand.fails(Action::Reset { device });
    assert_eq!(reset.class(), "device error, needs service");
    hand.ask(Request::Service { device });
    hand.must(dispense(&hand, 0));
    clean(&hand);
}

#[test]
fn a_lost_sample_gives_no_signal() {
    let mut hand = next("perform", FaultKind::SampleLost);
    plate_in(&mut hand, "read_absorbance");
    assert_eq!(hand.fails(read(&hand)).class(), "device error, sample lost");
    assert!(hand.twin.is_spoilt(PLATE));
    let Outcome::Performed {
        readings, flagged, ..
    } = hand.must(read(&hand))
    else {
        panic!()
    };
    assert!(readings[0].values.iter().all(|value| value.is_nan()));
    assert_eq!(flagged.len(), 96);
    clean(&hand);
}

#[test]
fn an_unknown_outcome_is_unknown_for_ever_and_twice_is_noticed() {
    for done in [false, true] {
        let mut hand = next("perform", FaultKind::OutcomeUnknown { done });
        plate_in(&mut hand, "dispense");
        let device = Device::Instrument(hand.instrument("dispense"));
        let id = hand.issue(dispense(&hand, 4));
        let Some(Report::Failed { fault, .. }) = hand.wait(id, Duration::from_hours(1)) else {
            panic!()
        };
        assert_eq!(fault, Fault::OutcomeUnknown);
        assert_eq!(hand.query(device, id), Some(Known::Unknown));
        assert_eq!(held(&hand) > Volume::ZERO, done);
        // What must never be done: again.
        hand.must(dispense(&hand, 4));
        let breaches: Vec<_> = hand.twin.violations().iter().map(|v| v.what).collect();
        let twice = Breach::IrreversibleTwice {
            plate: PLATE,
            step: quantity::StepId(4),
        };
        assert_eq!(breaches, if done { vec![twice] } else { vec![] });
    }
}

#[test]
fn a_silent_device_does_or_does_not_and_tells_later_or_never() {
    let after = Duration::from_mins(20);
    for (done, answer) in [
        (true, Answer::After(after)),
        (false, Answer::After(after)),
        (true, Answer::Forgot(after)),
        (true, Answer::Never),
    ] {
        let mut hand = next("perform", FaultKind::Silent { done, answer });
        plate_in(&mut hand, "dispense");
        let device = Device::Instrument(hand.instrument("dispense"));
        let id = hand.issue(dispense(&hand, 0));
        assert_eq!(hand.wait(id, Duration::from_mins(5)), None);
        assert_eq!(hand.query(device, id), None, "still silent");
        // A command sent meanwhile never reaches it.
        let unheard = hand.issue(Action::Reset { device });
        assert_eq!(hand.wait(unheard, Duration::from_mins(20)), None);
        assert_eq!(held(&hand) > Volume::ZERO, done);
        let known = hand.query(device, id);
        match (done, answer) {
            (true, Answer::After(_)) => {
                assert!(matches!(
                    known,
                    Some(Known::Done(Outcome::Performed { .. }))
                ));
                assert_eq!(hand.query(device, unheard), Some(Known::Never));
            }
            (false, Answer::After(_)) => assert!(matches!(
                known,
                Some(Known::Failed(Fault::Retryable { .. }))
            )),
            (_, Answer::Forgot(_)) => assert_eq!(known, Some(Known::Unknown)),
            (_, Answer::Never) => {
                assert_eq!(known, None);
                hand.ask(Request::Service { device });
                assert!(matches!(hand.query(device, id), Some(Known::Done(_))));
            }
        }
        clean(&hand);
    }
}

#[test]
fn a_silent_arm_may_hold_the_plate() {
    for done in [false, true] {
        let answer = Answer::After(Duration::from_mins(1));
        let mut hand = next("pick", FaultKind::Silent { done, answer });
        let nest = plate_in(&mut hand, "hotel");
        let arm = hand.reaching(nest);
        let id = hand.issue(hand.pick(PLATE, nest));
        assert_eq!(hand.wait(id, Duration::from_mins(2)), None);
        let known = hand.query(Device::Arm(arm), id).unwrap();
        assert_eq!(matches!(known, Known::Done(Outcome::Picked { .. })), done);
        let place = if done { Place::Arm(arm) } else { nest };
        assert_eq!(hand.twin.place_of(PLATE), Some(place));
        clean(&hand);
    }
}

#[test]
fn a_query_tells_never_running_and_done() {
    let mut hand = Hand::new(with(FaultPlan::default()));
    plate_in(&mut hand, "dispense");
    let device = Device::Instrument(hand.instrument("dispense"));
    let later = quantity::CommandId(900);
    assert_eq!(hand.query(device, later), Some(Known::Never));
    let id = hand.issue(dispense(&hand, 0));
    let query = hand.issue(Action::Query {
        device,
        command: id,
    });
    let Some(Report::Status { known, .. }) = hand.wait(query, Duration::from_secs(1)) else {
        panic!()
    };
    assert_eq!(known, Known::Running);
    hand.wait(id, Duration::from_mins(5)).unwrap();
    assert!(matches!(hand.query(device, id), Some(Known::Done(_))));
}

#[test]
fn a_lost_station_is_announced_and_comes_back() {
    let station = StationId(0);
    for outage in [Outage::Connection, Outage::Power] {
        let at = quantity::Instant::EPOCH + Duration::from_mins(1);
        let plan = FaultPlan::default().lose(station, at, Duration::from_mins(10), outage);
        let mut hand = Hand::new(with(plan));
        plate_in(&mut hand, "dispense");
        let instrument = hand.instrument("dispense");
        assert_eq!(hand.hall.instrument(instrument).station, station);
        let device = Device::Instrument(instrument);
        // It runs when the station goes.
        let id = hand.issue(hand.perform(
            PLATE,
            0,
            "acoustic_transfer",
            &[],
            Some(Worklist {
                transfers: Vec::new(),
            }),
        ));
        hand.wait(id, Duration::ZERO);
        let running = hand.issue(dispense(&hand, 1));
        let before = at - Duration::from_secs(5);
        hand.now = hand.now.max(before);
        let _ = running;
        assert_eq!(
            hand.wait(quantity::CommandId(999), Duration::from_mins(3)),
            None
        );
        let unheard = hand.issue(dispense(&hand, 2));
        hand.wait(unheard, Duration::from_mins(20));
        let said: Vec<_> = hand
            .heard
            .iter()
            .filter(|r| r.from.is_none())
            .map(|r| r.report.clone())
            .collect();
        assert_eq!(
            said,
            [Report::StationLeft(station), Report::StationJoined(station)]
        );
        assert_eq!(hand.query(device, unheard), Some(Known::Never));
        clean_but_nothing_there(&hand);
    }
}

/// The acoustic transfer above had no plate: that is its own, expected, breach.
fn clean_but_nothing_there(hand: &Hand) {
    assert!(
        hand.twin
            .violations()
            .iter()
            .all(|v| matches!(v.what, Breach::NothingThere { .. })),
        "{:?}",
        hand.twin.violations()
    );
}

#[test]
fn what_runs_when_the_power_goes_is_broken_off_and_forgotten() {
    for (outage, expect_unknown) in [(Outage::Power, true), (Outage::Connection, false)] {
        let at = quantity::Instant::EPOCH + Duration::from_mins(2);
        let mut hand = Hand::new(with(FaultPlan::default()));
        let nest = hand.nest("incubate");
        let station = hand.hall.station_of(nest);
        let plan = FaultPlan::default().lose(station, at, Duration::from_mins(5), outage);
        hand = Hand::new(with(plan));
        hand.bring(PLATE, KIND, nest);
        let device = Device::Instrument(hand.instrument("incubate"));
        let id = hand.issue(hand.perform(
            PLATE,
            0,
            "incubate",
            &[
                ("temperature", quantity(Kind::Temperature, "37 °C")),
                ("duration", quantity(Kind::Time, "4 min")),
            ],
            None,
        ));
        assert_eq!(
            hand.wait(id, Duration::from_mins(30)),
            None,
            "its report is lost"
        );
        let known = hand.query(device, id).unwrap();
        assert_eq!(known == Known::Unknown, expect_unknown, "{known:?}");
        assert_eq!(matches!(known, Known::Done(_)), !expect_unknown);
        clean(&hand);
    }
}

#[test]
fn a_stuck_mover_is_freed_by_a_reset_or_by_a_person() {
    for hard in [false, true] {
        let mut hand = next("travel", FaultKind::MoverStuck { hard });
        let mover = MoverId(0);
        let device = Device::Mover(mover);
        let to = hand.dock(hand.nest("hotel"));
        let motion = hand.plan(mover, to, None);
        let Some(Report::MoverStuck { at, .. }) = hand.run(Hand::travel_of(&motion, to)) else {
            panic!()
        };
        assert!(at > quantity::Length::ZERO && at < motion.length());
        assert!((at - motion.gone_at(hand.now)).abs() < quantity::Length::from_mm(1.0));
        hand.traffic.stuck(mover, hand.now).unwrap();
        let refused = hand.fails(Hand::travel_of(&motion, to));
        assert_eq!(refused.class(), "device error, retryable");
        if hard {
            assert!(matches!(
                hand.fails(Action::Reset { device }),
                Fault::NeedsService { .. }
            ));
            hand.ask(Request::Free { mover });
        } else {
            hand.must(Action::Reset { device });
        }
        // It goes on to where it was bound, from where it stands.
        let motions = hand.traffic.recovered(mover, hand.now).unwrap();
        let last = motions.last().unwrap();
        let transport::Place::Berth(berth) = last.to else {
            panic!()
        };
        hand.must(Hand::travel_of(last, berth));
        clean(&hand);
    }
}

#[test]
fn a_halted_mover_stands_where_traffic_control_says() {
    let mut hand = Hand::new(with(FaultPlan::default()));
    let hall = hand.hall.clone();
    // The second mover follows the first, which is stuck in front of it.
    let (first, second) = (MoverId(0), MoverId(1));
    let to = hand.dock(hand.nest("hotel"));
    let also = hand.dock(hand.nest("waste"));
    let ahead = hand.plan(first, to, None);
    let behind = hand.plan(second, also, None);
    let mut stopped = None;
    let mut traffic: Traffic = hand.traffic;
    let ride = hall.movers.len();
    assert!(ride > 1);
    for part in 1..20 {
        let mut tried = Traffic::new(
            hall.track.clone(),
            &hall
                .movers
                .iter()
                .map(|m| (m.spec, m.home))
                .collect::<Vec<_>>(),
        )
        .unwrap();
        let limits = hall.movers[0].spec.limits;
        let start = ahead.depart;
        tried.plan(first, to, limits, start, start).unwrap();
        tried.plan(second, also, limits, start, start).unwrap();
        let at = ahead.depart + ahead.duration().scale(f64::from(part) / 20.0);
        let result = tried.stuck(first, at).unwrap();
        let behind = result.stopped.first().filter(|motion| motion.arrive > at);
        if let Some(motion) = behind {
            stopped = Some((at, motion.clone()));
            traffic = tried;
            break;
        }
    }
    hand.traffic = traffic;
    let (at, motion) = stopped.unwrap();
    let id = hand.issue(Hand::travel_of(&behind, also));
    while hand.twin.next(at).is_some() {}
    hand.now = at;
    let halt = hand.issue(Action::Halt { mover: second });
    let Some(Report::MoverStopped { at: place, .. }) = hand.wait(id, Duration::from_mins(1)) else {
        panic!()
    };
    assert_eq!(hand.now, motion.arrive);
    assert!((place - motion.length()).abs() < quantity::Length::from_mm(1.0));
    assert!(matches!(
        hand.wait(halt, Duration::from_secs(2)),
        Some(Report::Done { .. })
    ));
    clean(&hand);
}

#[test]
fn consumables_run_out_and_are_refilled() {
    let mut hand = next("perform", FaultKind::ConsumableEmpty);
    plate_in(&mut hand, "seal");
    let seal = hand.perform(PLATE, 0, "seal", &[], None);
    let fault = hand.fails(seal.clone());
    let Fault::ConsumableEmpty { consumable } = fault else {
        panic!("{fault:?}")
    };
    assert_eq!(&*consumable, "seals");
    assert_eq!(hand.fails(seal.clone()).class(), "consumable empty");
    assert_eq!(hand.twin.cover(PLATE), Some(Cover::Open));
    hand.ask(Request::Refill {
        instrument: hand.instrument("seal"),
        consumable,
    });
    let Outcome::Performed { left, .. } = hand.must(seal) else {
        panic!()
    };
    assert_eq!(left, [("seals".into(), 499)]);
    assert_eq!(hand.twin.cover(PLATE), Some(Cover::Seal));
    clean(&hand);
}

#[test]
fn short_volumes_are_noticed_or_not() {
    for noticed in [true, false] {
        let mut hand = next("perform", FaultKind::VolumeShort { noticed });
        plate_in(&mut hand, "dispense");
        let report = hand.run(dispense(&hand, 0)).unwrap();
        let contents = hand.twin.contents(PLATE).unwrap();
        let row = |r: usize| -> f64 {
            (0..12)
                .map(|c| contents.wells()[r * 12 + c].volume().as_ul())
                .sum::<f64>()
                / 12.0
        };
        let short: Vec<usize> = (0..8).filter(|r| row(*r) < 42.0).collect();
        assert_eq!(short.len(), 1);
        match report {
            Report::Failed {
                fault: Fault::VolumeShort { wells },
                ..
            } if noticed => {
                assert_eq!(wells.len(), 12);
                for (well, lacks) in wells {
                    assert_eq!(usize::from(well.row), short[0]);
                    assert_eq!(contents.well(well).volume() + lacks, Volume::from_ul(50.0));
                }
            }
            Report::Done { .. } if !noticed => {}
            other => panic!("{other:?}"),
        }
        clean(&hand);
    }
}

#[test]
fn lids_and_seals_fail_and_leave_the_cover() {
    for (capability, fault, class) in [
        ("seal", FaultKind::SealFailed, "seal failure"),
        ("lid", FaultKind::LidFailed, "lid failure"),
    ] {
        let mut hand = next("perform", fault);
        plate_in(&mut hand, capability);
        let action = hand.perform(PLATE, 0, capability, &[], None);
        assert_eq!(hand.fails(action.clone()).class(), class);
        assert_eq!(hand.twin.cover(PLATE), Some(Cover::Open));
        hand.must(action);
        assert_ne!(hand.twin.cover(PLATE), Some(Cover::Open));
        clean(&hand);
    }
}

#[test]
fn a_plate_that_rides_too_fast_spills_into_neighbours_and_slips() {
    let mut hand = Hand::new(with(FaultPlan::default()));
    let nest = hand.nest("dispense");
    hand.bring(PLATE, KIND, nest);
    // Two liquids in alternate columns, wells almost full.
    let all = wells(KIND);
    let mut transfers = Vec::new();
    for well in all {
        transfers.extend(fill([well], u32::from(well.column % 2), 330.0));
    }
    hand.must(hand.perform(PLATE, 0, "dispense", &[], Some(Worklist { transfers })));
    let mover = MoverId(0);
    hand.send(mover, hand.dock(nest), None);
    hand.must(hand.pick(PLATE, Place::Nest(nest)));
    hand.must(hand.place(PLATE, Place::Mover(mover)));
    let alone = |hand: &Hand| {
        let contents = hand.twin.contents(PLATE).unwrap();
        contents.wells().iter().all(|well| well.parts().len() == 1)
    };
    let to = hand.dock(hand.nest("hotel"));
    hand.send(mover, to, Some(Limits::from_si(0.5, 0.5, 5.0)));
    assert!(alone(&hand), "a gentle ride spills nothing");
    let before = held(&hand);
    let back = hand.dock(nest);
    hand.send(mover, back, Some(Limits::from_si(2.0, 10.0, 100.0)));
    assert!(!alone(&hand));
    let lost = hand.twin.lost_liquid(PLATE).unwrap();
    assert!(lost > Volume::ZERO);
    assert_eq!(held(&hand) + lost, before);
    // It slipped, and the arm sees it.
    match hand.run(hand.pick(PLATE, Place::Mover(mover))).unwrap() {
        Report::Done {
            outcome: Outcome::Picked { pose, .. },
            ..
        } => assert!(pose.x.as_mm().abs() > 0.4, "{pose:?}"),
        Report::Failed { fault, .. } => assert_eq!(fault.class(), "pose out of tolerance"),
        other => panic!("{other:?}"),
    }
    assert!(hand.twin.violations().is_empty());
}

#[test]
fn physical_nonsense_happens_and_is_noted() {
    let mut hand = Hand::new(with(FaultPlan::default()));
    let breaches =
        |hand: &Hand| -> Vec<Breach> { hand.twin.violations().iter().map(|v| v.what).collect() };
    let hotel = hand.hall.instrument(hand.instrument("hotel")).nests.clone();
    let (a, b) = (Place::Nest(hotel[0]), Place::Nest(hotel[1]));
    hand.bring(PLATE, KIND, hotel[0]);
    hand.bring(PlateId(1), KIND, hotel[1]);
    // From an empty nest.
    let empty = Place::Nest(hotel[2]);
    assert_eq!(hand.fails(hand.pick(PLATE, empty)), Fault::GripFailed);
    assert_eq!(breaches(&hand), [Breach::NothingThere { place: empty }]);
    // Onto another plate.
    hand.must(hand.pick(PLATE, a));
    assert_eq!(hand.fails(hand.place(PLATE, b)), Fault::PlateDropped);
    let crash = Breach::PlaceTaken {
        place: b,
        plate: PLATE,
        by: PlateId(1),
    };
    assert_eq!(breaches(&hand)[1..], [crash]);
    // A nest of another station, and a mover that is elsewhere.
    let arm = hand.reaching(a);
    hand.must(Action::Reset {
        device: Device::Arm(arm),
    });
    for from in [Place::Nest(hand.nest("dispense")), Place::Mover(MoverId(0))] {
        hand.fails(Action::Pick {
            arm,
            plate: PLATE,
            from,
        });
        assert_eq!(
            breaches(&hand).last(),
            Some(&Breach::OutOfReach { place: from })
        );
    }
    // A path that starts elsewhere.
    let to = hand.dock(hand.nest("hotel"));
    let other = hand.plan(MoverId(1), to, None);
    let Action::Travel {
        depart,
        arrive,
        path,
        speed,
        acceleration,
        jerk,
        ..
    } = Hand::travel_of(&other, to)
    else {
        panic!()
    };
    hand.fails(Action::Travel {
        mover: MoverId(0),
        to,
        depart,
        arrive,
        path,
        speed,
        acceleration,
        jerk,
    });
    let broken = Breach::BrokenPath { mover: MoverId(0) };
    assert_eq!(breaches(&hand).last(), Some(&broken));
    assert!(hand.twin.custody_agrees());
}

#[test]
fn a_plate_taken_in_process_is_spoilt_and_noted() {
    let mut hand = Hand::new(with(FaultPlan::default()));
    let nest = plate_in(&mut hand, "incubate");
    let id = hand.issue(hand.perform(
        PLATE,
        0,
        "incubate",
        &[
            ("temperature", quantity(Kind::Temperature, "37 °C")),
            ("duration", quantity(Kind::Time, "1 h")),
        ],
        None,
    ));
    hand.must(hand.pick(PLATE, nest));
    assert!(matches!(
        hand.twin.violations()[0].what,
        Breach::MovedInProcess { command, .. } if command == id
    ));
    let Some(Report::Failed { fault, .. }) = hand.wait(id, Duration::from_hours(3)) else {
        panic!()
    };
    assert_eq!(fault.class(), "device error, sample lost");
}

#[test]
fn an_aborted_operation_ends_at_once() {
    let mut hand = Hand::new(with(FaultPlan::default()));
    plate_in(&mut hand, "incubate");
    let instrument = hand.instrument("incubate");
    let id = hand.issue(hand.perform(
        PLATE,
        0,
        "incubate",
        &[
            ("temperature", quantity(Kind::Temperature, "37 °C")),
            ("duration", quantity(Kind::Time, "9 h")),
        ],
        None,
    ));
    let abort = hand.issue(Action::Abort {
        instrument,
        command: id,
    });
    let Some(Report::Failed { fault, .. }) = hand.wait(id, Duration::from_secs(1)) else {
        panic!()
    };
    assert_eq!(fault.class(), "device error, retryable");
    assert!(matches!(
        hand.wait(abort, Duration::from_secs(1)),
        Some(Report::Done { .. })
    ));
    clean(&hand);
}

/// Over many picks the faults by chance come as often as their rates say.
#[test]
fn chance_faults_come_at_their_rates() {
    let rates = FaultRates {
        grip_failed: 0.05,
        pose_off: 0.0,
        dropped: 0.0,
        arm_silent: 0.0,
        between_station_losses: Duration::from_hours(24 * 365 * 100),
        ..FaultRates::default()
    };
    let mut hand = Hand::new(TwinConfig {
        faults: rates,
        ..calm()
    });
    let nest = hand.nest("hotel");
    hand.bring(PLATE, KIND, nest);
    let mut failed = 0;
    let n = 4000;
    for _ in 0..n {
        match hand.run(hand.pick(PLATE, Place::Nest(nest))).unwrap() {
            Report::Done { .. } => {
                hand.must(hand.place(PLATE, Place::Nest(nest)));
            }
            Report::Failed { fault, .. } => {
                failed += u32::from(fault == Fault::GripFailed);
            }
            other => panic!("{other:?}"),
        }
    }
    // Four standard deviations of a binomial.
    let expected = 0.05 * f64::from(n);
    assert!(
        (f64::from(failed) - expected).abs() < 4.0 * (expected * 0.95).sqrt(),
        "{failed}"
    );
}
