//! The swatch configuration language: text in, a typed [`Config`] and [`Diagnostic`]s out.
//!
//! This crate knows the language of `swatchdog(1)` 3.2.4 and nothing else: no regex engine, no
//! process, no clock. Everything is bytes, because a configuration may hold Latin-1 or UTF-8 and
//! the original never decodes either.

pub mod ast;
pub mod diagnostic;
pub mod source;

pub use ast::Config;
pub use diagnostic::{Diagnostic, Severity};
pub use source::{FileId, Sources, Span};
