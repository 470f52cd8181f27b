//! Every class of fault, scripted: it is recovered from as the table in `conductor::faults` says, and
//! where recovery fails the plate is given up, a person is asked, and every order ends.
#![allow(clippy::unwrap_used)]

mod hall;

use bus::Device;
use conductor::Ending;
use hall::{orders, run_with};
use quantity::{Duration, Instant, StationId};
use std::collections::BTreeMap;
use twin::{Answer, FaultKind, FaultPlan, FaultRates, Outage, Target, TwinConfig};

/// How faults of a class ended, and how orders did.
#[derive(Debug, Default)]
struct Came {
    faults: BTreeMap<(String, String), usize>,
    completed: usize,
    quarantined: usize,
    lost: usize,
    lags: usize,
    tasks: BTreeMap<String, usize>,
}

impl Came {
    fn ended(&self, class: &str, how: &str) -> usize {
        let key = (class.to_owned(), how.to_owned());
        self.faults.get(&key).copied().unwrap_or(0)
    }
}

/// Three orders of two protocols on the bench, with nothing wrong but the script.
fn under(plan: FaultPlan) -> Came {
    let mut list = orders("growth-inhibition", 3, 0);
    list.extend(orders("electrolyte", 2, 3));
    let config = TwinConfig {
        faults: FaultRates::scaled(0.0),
        plan,
        ..TwinConfig::default()
    };
    let shell = run_with("bench", list, config);
    assert_eq!(shell.driver().violations(), []);
    let mut came = Came::default();
    let all = shell
        .journal()
        .read(journal::Version(1), journal::Version::MAX);
    for event in all.unwrap() {
        let event = event.unwrap();
        let text = String::from_utf8(event.body.clone()).unwrap();
        let field = |name: &str| {
            let rest = text.split(&format!("\"{name}\":\"")).nth(1);
            rest.and_then(|rest| rest.split('"').next())
                .unwrap_or("")
                .to_owned()
        };
        match &*event.kind {
            "out.fault" => {
                *came
                    .faults
                    .entry((field("class"), field("ended")))
                    .or_default() += 1;
            }
            "out.person_task" => {
                let request = text.split("\"request\":{\"").nth(1).unwrap();
                let request = request.split('"').next().unwrap();
                *came.tasks.entry(request.to_owned()).or_default() += 1;
            }
            _ => {}
        }
    }
    for told in shell.customer().told().values() {
        came.lags += told.lags.len();
        match told.ended.as_ref().unwrap() {
            Ending::Completed => came.completed += 1,
            Ending::Quarantined(_) => came.quarantined += 1,
            Ending::Lost(_) => came.lost += 1,
            Ending::Cancelled => panic!("nobody cancelled"),
        }
    }
    came
}

fn once(target: Target, fault: FaultKind) -> Came {
    under(FaultPlan::default().once(target, fault))
}

fn always(target: Target, fault: FaultKind) -> Came {
    under(FaultPlan::default().times(u32::MAX, target, fault))
}

fn capability(name: &str) -> Target {
    Target::Capability(name.into())
}

/// One fault that ends as said; all five plates are completed.
#[track_caller]
fn recovered(came: &Came, class: &str, how: &str) {
    assert_eq!(came.ended(class, how), 1, "{came:#?}");
    assert_eq!((came.faults.len(), came.completed), (1, 5), "{came:#?}");
}

/// At least one fault of the class was given up; whose plates did not come through was quarantined
/// or lost, and a person was asked to take the plate away.
#[track_caller]
fn given_up(came: &Came, class: &str, completed: usize, quarantined: usize, lost: usize) {
    assert!(came.ended(class, "plate_given_up") > 0, "{came:#?}");
    let ends = (came.completed, came.quarantined, came.lost);
    assert_eq!(ends, (completed, quarantined, lost), "{came:#?}");
    assert!(came.tasks.contains_key("take_away"), "{came:#?}");
}

#[test]
fn pose_out_of_tolerance() {
    let class = "pose out of tolerance";
    recovered(
        &once(Target::Any, FaultKind::PoseOff { lasting: false }),
        class,
        "recovered",
    );
    given_up(
        &once(Target::Any, FaultKind::PoseOff { lasting: true }),
        class,
        4,
        1,
        0,
    );
}

#[test]
fn failed_grip() {
    recovered(
        &once(Target::Any, FaultKind::GripFailed),
        "failed grip",
        "recovered",
    );
    given_up(
        &always(Target::Any, FaultKind::GripFailed),
        "failed grip",
        0,
        5,
        0,
    );
}

#[test]
fn dropped_plate() {
    given_up(
        &once(Target::Any, FaultKind::Dropped),
        "dropped plate",
        4,
        0,
        1,
    );
    given_up(
        &always(Target::Any, FaultKind::Dropped),
        "dropped plate",
        0,
        0,
        5,
    );
}

#[test]
fn unreadable_barcode() {
    let class = "unreadable barcode";
    let fault = |lasting| FaultKind::BarcodeUnreadable { lasting };
    recovered(&once(Target::Any, fault(false)), class, "recovered");
    given_up(&once(Target::Any, fault(true)), class, 4, 1, 0);
}

#[test]
fn wrong_barcode() {
    given_up(
        &once(Target::Any, FaultKind::WrongPlateBrought),
        "wrong barcode",
        4,
        1,
        0,
    );
}

#[test]
fn device_error_that_a_reset_helps() {
    let class = "device error, retryable";
    recovered(&once(Target::Any, FaultKind::Retryable), class, "recovered");
    let came = always(capability("read_absorbance"), FaultKind::Retryable);
    given_up(&came, class, 2, 3, 0);
    assert!(came.tasks["service"] > 0, "{came:#?}");
}

#[test]
fn device_error_that_needs_service() {
    let class = "device error, needs service";
    let came = once(Target::Any, FaultKind::NeedsService);
    recovered(&came, class, "by_person");
    assert_eq!(came.tasks["service"], 1);
    given_up(
        &always(capability("read_absorbance"), FaultKind::NeedsService),
        class,
        2,
        3,
        0,
    );
}

#[test]
fn sample_lost() {
    let came = once(Target::Any, FaultKind::SampleLost);
    given_up(&came, "device error, sample lost", 4, 1, 0);
}

#[test]
fn outcome_unknown() {
    let class = "device error, outcome unknown";
    for done in [false, true] {
        // What can't be undone is not done again; a reading is.
        let fault = FaultKind::OutcomeUnknown { done };
        given_up(&once(capability("dispense"), fault), class, 4, 1, 0);
        recovered(
            &once(capability("read_absorbance"), fault),
            class,
            "recovered",
        );
    }
}

#[test]
fn device_silent() {
    let class = "device silent";
    let later = Answer::After(Duration::from_secs(120));
    let forgot = Answer::Forgot(Duration::from_secs(120));
    for kind in ["perform", "pick", "place", "travel", "scan"] {
        for done in [false, true] {
            let fault = |answer| FaultKind::Silent { done, answer };
            let came = once(Target::Kind(kind), fault(later));
            assert_eq!((came.completed, came.lost), (5, 0), "{kind}: {came:#?}");
            assert_eq!(came.ended(class, "recovered"), 1, "{kind}: {came:#?}");
            for answer in [forgot, Answer::Never] {
                let came = once(Target::Kind(kind), fault(answer));
                assert!(came.completed >= 4, "{kind}: {came:#?}");
                assert_eq!(came.lost, 0, "{kind}: {came:#?}");
                assert!(!came.faults.is_empty(), "{kind}: {came:#?}");
            }
        }
    }
    let never = FaultKind::Silent {
        done: true,
        answer: Answer::Never,
    };
    let came = always(capability("read_absorbance"), never);
    assert_eq!(came.completed + came.quarantined, 5, "{came:#?}");
    assert!(came.tasks["service"] > 0, "{came:#?}");
}

#[test]
fn station_gone_and_back() {
    for station in 0..6 {
        for outage in [Outage::Power, Outage::Connection] {
            let at = Instant::from_secs_f64(700.0);
            let lasts = Duration::from_secs(1800);
            let came = under(FaultPlan::default().lose(StationId(station), at, lasts, outage));
            // Whatever was in work where the power went may be spoilt; all else goes on.
            assert!(
                came.completed >= 3,
                "station {station}, {outage:?}: {came:#?}"
            );
            assert_eq!(came.lost, 0, "station {station}, {outage:?}: {came:#?}");
        }
    }
}

#[test]
fn mover_stuck() {
    let class = "mover stuck";
    recovered(
        &once(Target::Any, FaultKind::MoverStuck { hard: false }),
        class,
        "recovered",
    );
    let came = once(Target::Any, FaultKind::MoverStuck { hard: true });
    recovered(&came, class, "by_person");
    assert_eq!(came.tasks["free"], 1);
    // A person frees it as often as it takes.
    let again = FaultPlan::default().times(8, Target::Any, FaultKind::MoverStuck { hard: true });
    let came = under(again);
    assert_eq!(
        (came.ended(class, "by_person"), came.completed),
        (8, 5),
        "{came:#?}"
    );
}

#[test]
fn consumable_empty() {
    let came = once(capability("seal"), FaultKind::ConsumableEmpty);
    recovered(&came, "consumable empty", "by_person");
    assert!(came.tasks["refill"] > 0, "{came:#?}");
}

#[test]
fn volume_short() {
    let came = once(Target::Any, FaultKind::VolumeShort { noticed: true });
    recovered(&came, "volume short", "degraded");
}

#[test]
fn lid_or_seal_failure() {
    recovered(
        &once(Target::Any, FaultKind::LidFailed),
        "lid failure",
        "recovered",
    );
    given_up(
        &always(Target::Any, FaultKind::LidFailed),
        "lid failure",
        2,
        3,
        0,
    );
    recovered(
        &once(Target::Any, FaultKind::SealFailed),
        "seal failure",
        "recovered",
    );
    given_up(
        &always(Target::Any, FaultKind::SealFailed),
        "seal failure",
        3,
        2,
        0,
    );
}

#[test]
fn an_arm_that_never_works() {
    let arm = Target::Device(Device::Arm(quantity::ArmId(0)));
    let never = FaultKind::Silent {
        done: false,
        answer: Answer::Never,
    };
    let came = always(arm, never);
    assert_eq!(
        came.completed + came.quarantined + came.lost,
        5,
        "{came:#?}"
    );
}
