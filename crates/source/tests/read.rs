//! What a person reads, and what a program gets, when a file is wrong.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use quantity::{Duration, Speed, Volume};
use source::{Document, File, Problem, Problems, Sink, Table};

/// A small kind of file with a bit of everything.
fn read(table: Table<'_>) {
    table.required::<String>("name");
    table.optional::<Speed>("speed");
    table.or("tries", 3_u8);
    table.optional_choice("cover", &[("open", 0), ("lid", 1), ("seal", 2)]);
    for arm in table.tables("arm") {
        arm.required::<Duration>("pick");
        arm.required::<Duration>("place");
        arm.item("reach").map(|item| item.number_in(0.0..=2.0));
        arm.list::<Volume>("volumes");
        arm.finish();
    }
    table.finish();
}

fn check(text: &str) -> String {
    match Document::parse("labs/small.toml", text) {
        Ok(document) => {
            let sink = Sink::new();
            read(document.root(&sink));
            sink.into_problems().to_string()
        }
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn a_sound_file_has_no_problem() {
    let text = r#"
        name = "small"
        speed = "2 m/s"
        cover = "lid"
        [[arm]]
        pick = "6 s"
        place = "4 s"
        reach = 1
        volumes = ["5 µL", "1 mL"]
    "#;
    assert_eq!(check(text), "");
}

#[test]
fn every_problem_is_shown_with_its_place() {
    insta::assert_snapshot!(check(
        r#"nane = "small"
speed = "2 m/sec"
tries = 300
cover = "lidd"
colour = "red"

[[arm]]
pick = 6
reach = 2.5
volumes = ["5 µL", "7 mLl", 3]
"#
    ), @r#"
    error: 'nane' means nothing here
     --> labs/small.toml:1:1  (nane)
      |
    1 | nane = "small"
      | ^^^^
      = expected: one of name, speed, tries, cover, arm
      = did you mean: name

    error: can't read '2 m/sec'
     --> labs/small.toml:2:9  (speed)
      |
    2 | speed = "2 m/sec"
      |         ^^^^^^^^^
      = expected: a speed such as '2 m/s' (units: mm/s, m/s)
      = did you mean: 2 m/s

    error: 300 is above 255
     --> labs/small.toml:3:9  (tries)
      |
    3 | tries = 300
      |         ^^^
      = expected: from 0 to 255

    error: 'lidd' is none of the words that may stand here
     --> labs/small.toml:4:9  (cover)
      |
    4 | cover = "lidd"
      |         ^^^^^^
      = expected: one of open, lid, seal
      = did you mean: lid

    error: 'colour' means nothing here
     --> labs/small.toml:5:1  (colour)
      |
    5 | colour = "red"
      | ^^^^^^
      = expected: one of name, speed, tries, cover, arm

    error: 'place' is missing
     --> labs/small.toml:7:1  (arm[0])
      |
    7 | [[arm]]
      | ^^^^^^^
      = expected: place = a time such as '90 s' (units: ns, µs, ms, s, min, h, d)

    error: 6 has no unit
     --> labs/small.toml:8:8  (arm[0].pick)
      |
    8 | pick = 6
      |        ^
      = expected: a time such as '90 s' (units: ns, µs, ms, s, min, h, d)
      = help: write number and unit together, in quotes

    error: 2.5 is above 2
     --> labs/small.toml:9:9  (arm[0].reach)
      |
    9 | reach = 2.5
      |         ^^^
      = expected: from 0 to 2

    error: can't read '7 mLl'
      --> labs/small.toml:10:20  (arm[0].volumes[1])
       |
    10 | volumes = ["5 µL", "7 mLl", 3]
       |                    ^^^^^^^
       = expected: a volume such as '50 µL' (units: nL, µL, mL, L)
       = did you mean: 7 mL

    error: 3 has no unit
      --> labs/small.toml:10:29  (arm[0].volumes[2])
       |
    10 | volumes = ["5 µL", "7 mLl", 3]
       |                             ^
       = expected: a volume such as '50 µL' (units: nL, µL, mL, L)
       = help: write number and unit together, in quotes
    "#);
}

#[test]
fn wrong_shapes_say_what_was_found() {
    insta::assert_snapshot!(check("name = [1]\n[arm]\npick = 1979-05-27\n"), @r"
    error: found a list instead of a text
     --> labs/small.toml:1:8  (name)
      |
    1 | name = [1]
      |        ^^^
      = expected: a text

    error: 'arm' is a list of tables, and this is a single one
     --> labs/small.toml:2:1  (arm)
      |
    2 | [arm]
      | ^^^^^
      = expected: [[arm]]
      = help: write the header with two brackets, once for each of them
    ");
}

#[test]
fn syntax_errors_have_the_same_form() {
    insta::assert_snapshot!(check("name = \"small\"\nspeed = 2 m/s\n\n[[arm]\n"), @r#"
    error: this is not TOML: a text must stand in quotes
     --> labs/small.toml:2:9
      |
    2 | speed = 2 m/s
      |         ^^^^^
      = help: put quantities with their unit in quotes too: speed = "2 m/s"

    error: this is not TOML: this header is not closed
     --> labs/small.toml:4:7
      |
    4 | [[arm]
      |       ^
      = help: the header of a list of tables ends with ]]
    "#);
}

#[test]
fn a_program_gets_a_record() {
    let document = Document::parse("a.toml", "name = \"x\"\n[[arm]]\npick = \"6 µL\"\n").unwrap();
    let sink = Sink::new();
    read(document.root(&sink));
    let problems = sink.into_problems();
    let plain = problems.iter().map(Problem::plain).next_back().unwrap();
    assert_eq!(plain.severity, "error");
    assert_eq!(plain.file.as_deref(), Some("a.toml"));
    assert_eq!((plain.line, plain.column), (Some(3), Some(8)));
    assert_eq!((plain.end_line, plain.end_column), (Some(3), Some(14)));
    assert_eq!(plain.path.as_deref(), Some("arm[0].pick"));
    assert_eq!(plain.found.as_deref(), Some("\"6 µL\""));
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let folder = std::env::temp_dir();
    let missing = folder.join("nilometer-no-such-file.toml");
    let shown = Document::open(&missing).unwrap_err().to_string();
    assert!(
        shown.starts_with("error: can't read this file: "),
        "{shown}"
    );
    assert!(shown.contains("check the path"), "{shown}");
}

#[test]
fn data_files_have_lines_too() {
    let file = File::new("data.csv", "a,b\n1,2\n1,x\n");
    let problem = Problem::error("'x' is not a number").at(&file.line(3));
    insta::assert_snapshot!(Problems::from(problem), @r"
    error: 'x' is not a number
     --> data.csv:3:1
      |
    3 | 1,x
      | ^^^
    ");
}

#[test]
fn a_long_line_is_cut_around_the_place() {
    let tries = "9".repeat(60);
    let text = format!(
        "name = \"x\"\narm = [{{ volumes = [\"1 L\"{}], pick = \"1 s\", plase = \"2 s\", reach = {tries}{tries}.0 }}]",
        ", \"1 L\"".repeat(30),
    );
    insta::assert_snapshot!(check(&text), @r#"
    error: 'plase' means nothing here
     --> labs/small.toml:2:253  (arm[0].plase)
      |
    2 | …L", "1 L", "1 L", "1 L"], pick = "1 s", plase = "2 s", reach = 99999999999999999999999999999999999999999999999…
      |                                          ^^^^^
      = expected: one of pick, place, reach, volumes
      = did you mean: place

    error: 999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999.0 is above 2
     --> labs/small.toml:2:276  (arm[0].reach)
      |
    2 | …], pick = "1 s", plase = "2 s", reach = 9999999999999999999999999999999999999999999999999999999999999999999999…
      |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = expected: from 0 to 2
    "#);
}

#[test]
fn finish_gives_warnings_with_the_value() {
    let sink = Sink::new();
    sink.push(Problem::warning("odd"));
    let (value, warnings) = sink.finish(1).unwrap();
    assert_eq!((value, warnings.len(), warnings.errors()), (1, 1, 0));
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "(?s)[a-z\"'\\[\\]{}=.,#\\\\ \n\t\r0-9µ\u{0}-]{0,80}") {
        check(&text);
    }

    #[test]
    fn any_span_can_be_shown(text in "(?s).{0,60}", start in 0_usize..80, end in 0_usize..80) {
        let file = File::new("t", text);
        Problem::error("x").at(&file.span(start..end)).to_string();
        let plain = Problem::error("x").at(&file.line(start)).plain();
        prop_assert!(plain.line >= Some(1));
    }
}
