//! Text files that people write, read with spans.
//!
//! - [`Document`]: a TOML file in which every key and value knows where it stands.
//! - [`Table`], [`Item`]: typed readers. What is wrong goes to a [`Sink`] and reading goes on, so that
//!   a person sees every problem of a file at once.
//! - [`At`]: a value with its [`Span`], for checks that come after reading, across files too.
//! - [`Problem`]: what was found, what was expected, the nearest right name and what to do; shown as a
//!   compiler does with the line and a caret, or as the plain record [`Plain`] for programs.
//!
//! ```
//! use quantity::Duration;
//! use source::{Document, Sink};
//!
//! let document = Document::parse("arm.toml", "pick = \"6 sec\"\nplce = \"4 s\"\n").unwrap();
//! let sink = Sink::new();
//! let root = document.root(&sink);
//! let pick = root.required::<Duration>("pick");
//! let place = root.optional::<Duration>("place");
//! root.finish();
//! assert_eq!(pick.map(|at| at.value), Some(Duration::from_secs(6)));
//! assert!(place.is_none());
//! let problems = sink.finish(()).unwrap_err();
//! assert!(problems.to_string().contains("did you mean: place"));
//! ```
//!
//! The crate knows no domain: it reads what the crates that own a kind of file ask for.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod document;
mod file;
mod item;
mod plain;
mod problem;
mod read;
mod render;
mod table;

pub use document::Document;
pub use file::{At, File, Span};
pub use item::Item;
pub use plain::Plain;
pub use problem::{Problem, Problems, Severity, Sink};
pub use read::Read;
pub use table::Table;

/// The largest file that is read, bytes. A hall of 10,000 stations takes about 2 MB.
pub const MAX_FILE_BYTES: u64 = 64 << 20;
/// The most syntax errors that are reported of one file; what follows is mostly a consequence.
pub const MAX_SYNTAX_PROBLEMS: usize = 10;
