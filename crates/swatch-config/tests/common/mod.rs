//! Helpers of several test files.

use std::path::Path;

use swatch_config::{Options, Parsed, parse_str};

/// Reads text as the file `test.conf`, with one variable in the environment.
pub(crate) fn read(text: &[u8]) -> Parsed {
    let mut options = Options::default();
    options.env.insert(b"WORD".to_vec(), b"from-env".to_vec());
    parse_str(text, Path::new("test.conf"), &options)
}
