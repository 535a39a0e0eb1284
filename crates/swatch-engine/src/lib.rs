//! The rules at work: a [`swatch_config::Config`] compiled, searched and decided.
//!
//! Data flows one way: `Config` → `Program`; record + state + moment → [`Effect`]s. Nothing here
//! opens a file, starts a process or reads a clock.

pub mod effect;

pub use effect::{Effect, Invocation, Moment};
