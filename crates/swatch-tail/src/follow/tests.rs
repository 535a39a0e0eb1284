//! Tests of following against real files.

mod model;
mod world;
