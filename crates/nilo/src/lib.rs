//! The command line of Nilometer, as a library for its tests.
//!
//! No logic lives here: each command reads its arguments, calls a crate, and shows what it gave.
//! Results go to standard output, messages and progress to standard error.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod answers;
pub mod cli;
pub mod columns;
pub mod command;
pub mod endpoint;
pub mod env;
pub mod exit;
pub mod files;
pub mod folder;
pub mod joint;
pub mod loading;
pub mod output;
pub mod progress;
pub mod running;
pub mod words;
pub mod works;
pub mod world;
