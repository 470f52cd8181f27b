//! Lab files that somebody's cat walked over are read or refused, in good time, and never panic.
#![allow(clippy::unwrap_used)]

use lab::LabFile;
use labware::Catalogue;
use proptest::prelude::*;
use protocol::ProtocolFile;
use std::path::PathBuf;
use std::sync::OnceLock;

fn folder(name: &str) -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
    let mut files: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// The bench and small labs: every form of track and every key is in one of them.
fn labs() -> &'static [(String, String)] {
    static LABS: OnceLock<Vec<(String, String)>> = OnceLock::new();
    LABS.get_or_init(|| {
        let mut all = folder("tests/sound");
        all.extend(
            folder("../../labs")
                .into_iter()
                .filter(|(name, _)| name == "bench.toml"),
        );
        all
    })
}

fn protocols() -> &'static [ProtocolFile] {
    static FILES: OnceLock<Vec<ProtocolFile>> = OnceLock::new();
    FILES.get_or_init(|| {
        folder("../../protocols")
            .iter()
            .map(|(name, text)| {
                let read = ProtocolFile::parse(name, text, &Catalogue::standard());
                read.unwrap().0
            })
            .collect()
    })
}

/// What may be put in: words of lab files, numbers of any size, brackets.
const WORDS: [&str; 24] = [
    "0",
    "-1",
    "7",
    "99999",
    "9223372036854775807",
    "1e300",
    "\"1 mm\"",
    "\"2 km\"",
    "\"0 s\"",
    "\"\"",
    "[]",
    "{}",
    "true",
    "count = 3\n",
    "docks = 2\n",
    "nests = 2000\n",
    "kind = \"rails\"\n",
    "kind = \"floor\"\n",
    "kind = \"streets\"\n",
    "kind = \"comb\"\n",
    "[[station]]\n",
    "[track]\n",
    "offers = { image = { fixed = \"1 s\" } }\n",
    "labware = [\"pcr\"]\n",
];

/// Cuts, puts in or swaps, by lines and by words, as three numbers say.
fn change(text: &str, (what, a, b): (u8, usize, usize)) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let n = lines.len().max(1);
    match what % 5 {
        0 if !lines.is_empty() => {
            lines.remove(a % n);
        }
        1 => lines.insert(
            a % (n + 1).min(lines.len() + 1),
            WORDS[b % WORDS.len()].to_owned(),
        ),
        2 if !lines.is_empty() => lines.swap(a % n, b % n),
        3 if !lines.is_empty() => {
            // The value of a line becomes another.
            let line = &mut lines[a % n];
            let key = line.split('=').next().unwrap_or_default().to_owned();
            *line = format!("{key}= {}", WORDS[b % WORDS.len()]);
        }
        _ => {
            let chars: Vec<char> = text.chars().collect();
            let at = a % (chars.len() + 1);
            let end = (at + b % 12).min(chars.len());
            return chars[..at].iter().chain(&chars[end..]).collect();
        }
    }
    lines.join("\n")
}

#[test]
fn small_labs_are_sound() {
    assert!(labs().len() >= 10);
    for (name, text) in labs() {
        let (lab, warnings) =
            LabFile::parse(name, text).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(warnings.is_empty(), "{warnings}");
        if name == "kinds.toml" {
            let picker = lab
                .hall
                .instruments
                .iter()
                .find(|i| &*i.kind == "colony_picker");
            let (names, stock): (Vec<_>, Vec<_>) = (
                picker
                    .unwrap()
                    .capabilities
                    .iter()
                    .map(|c| &*c.name)
                    .collect(),
                picker
                    .unwrap()
                    .consumables
                    .iter()
                    .map(|c| c.stock)
                    .collect(),
            );
            assert_eq!((names, stock), (vec!["image", "transfer"], vec![960]));
            let incubator = lab
                .hall
                .instruments
                .iter()
                .find(|i| &*i.kind == "slow_incubator");
            let incubator = incubator.unwrap();
            assert_eq!(&*incubator.name, "read-1/slow_incubator-1");
            assert_eq!(
                (
                    incubator.nests.len(),
                    incubator.simultaneous,
                    incubator.door
                ),
                (8, 4, false)
            );
            assert_eq!(
                lab.hall.stations[0].arm.pick,
                quantity::Duration::from_secs(7)
            );
            assert_eq!(
                lab.hall.stations[0].arm.place,
                quantity::Duration::from_secs(4)
            );
            assert_eq!(lab.hall.docks[1].len(), 2);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]
    #[test]
    fn changed_labs_are_read_or_refused(
        which in any::<usize>(),
        changes in prop::collection::vec(any::<(u8, usize, usize)>(), 1..4),
    ) {
        let (name, text) = &labs()[which % labs().len()];
        let text = changes.into_iter().fold(text.clone(), |text, one| change(&text, one));
        match LabFile::parse(name, &text) {
            Ok((lab, _)) => {
                let protocol = &protocols()[which % protocols().len()];
                let _ = lab::check(&lab.hall, protocol).to_string();
                prop_assert!(!lab::drawing::svg(&lab.hall).is_empty());
                let movers: Vec<_> = lab.hall.movers.iter().map(|m| (m.spec, m.home)).collect();
                prop_assert!(transport::Traffic::new(lab.hall.track.clone(), &movers).is_ok());
            }
            Err(problems) => {
                prop_assert!(problems.errors() > 0);
                prop_assert!(!problems.to_string().is_empty());
            }
        }
    }
}
