//! Reports tests that cannot run here.

/// Reports a skipped test on standard output. With `SWATCH_NO_SKIP=1` in the
/// environment, as in CI, it fails instead.
///
/// # Panics
/// If `SWATCH_NO_SKIP` is set: then a skip is a failure.
pub fn skipped(what: &str, why: &str) {
    println!("skipped: {what}: {why}");
    assert!(!no_skip(), "{what} must not be skipped here: {why}");
}

/// True if a skip is a failure.
pub fn no_skip() -> bool {
    std::env::var_os("SWATCH_NO_SKIP").is_some_and(|v| !v.is_empty() && v != "0")
}
