//! The model of following: a log, its writer and its rotation, against real files.

mod model;
mod op;
mod sequences;
mod world;
