//! The lines of `samples.txt`.

/// A line, and what must be found in it.
pub(crate) struct Sample {
    /// Its place in the file.
    pub(crate) number: usize,
    /// The format that must know it.
    pub(crate) format: &'static str,
    /// An address, `-`, `?` or `0`, as the head of the file explains.
    pub(crate) expected: &'static str,
    /// The line.
    pub(crate) line: &'static str,
}

/// All of them.
pub(crate) fn samples() -> Vec<Sample> {
    let mut format = "";
    let mut samples = Vec::new();
    for (number, text) in (1..).zip(include_str!("../samples.txt").lines()) {
        if let Some(name) = text.strip_prefix("== ") {
            format = name;
        } else if !text.is_empty() && !text.starts_with('#') {
            let (expected, line) = text.split_once(" | ").expect("EXPECTED | LINE");
            samples.push(Sample {
                number,
                format,
                expected,
                line,
            });
        }
    }
    samples
}
