//! The original's first lines on standard output.

use std::io::IsTerminal;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use swatch_common::time_zone;

/// True if the banner is to be printed: on a terminal, and for scripts that call the program by its
/// old name, which skip these lines or look for them.
pub(super) fn wanted() -> bool {
    let name = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&name).file_name().unwrap_or_default();
    name == "swatchdog" || name == "swatch" || std::io::stdout().is_terminal()
}

/// `*** swatchdog version 3.2.4 (pid:N) started at DATE`, between empty lines, with the date as
/// date(1) prints it.
pub(super) fn text() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    format!(
        "\n*** swatchdog version 3.2.4 (pid:{}) started at {}\n\n",
        std::process::id(),
        time_zone::date(now.unwrap_or_default().as_secs() as i64)
    )
}
