//! Modifiers written after a pattern.

/// Modifiers of a pattern, as they follow its closing delimiter in Perl. `g`, `o`, `p` and `c` do
/// not change what a pattern matches and have no field here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Modifiers {
    /// `i`: letters match in either case.
    pub ignore_case: bool,
    /// `m`: `^` and `$` match at every line of the text.
    pub multi_line: bool,
    /// `s`: `.` matches a newline too.
    pub dot_all: bool,
    /// `x`: white space and comments in the pattern are skipped.
    pub extended: bool,
    /// `xx`: as `x`, and spaces and tabs in bracketed classes are skipped as well.
    pub extended_more: bool,
    /// `n`: plain groups do not capture.
    pub no_capture: bool,
    /// `a`: `\d`, `\s`, `\w` and POSIX classes match ASCII only.
    pub ascii: bool,
}
