//! From the bytes of a file to logical lines, and from a line to its keyword and value.

pub(crate) mod keyword;
pub(crate) mod located;
pub(crate) mod logical;
pub(crate) mod reader;
