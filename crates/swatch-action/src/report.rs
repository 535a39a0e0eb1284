//! `report`: locks and events of a length of time, as text for a terminal or as one HTML page.
//!
//! [`gather`] reads the state and the history once and keeps figures only; [`text`] and [`html`]
//! lay them out. All texts of the figures are sanitised.

use std::path::Path;

use swatch_common::{atomic_file::AtomicFile, chart::Screen, duration::Seconds, sanitize};

use crate::{console::Console, date, settings::Settings, subcommand::Outcome};

mod durations;
mod figures;
mod gather;
mod html;
mod origin;
mod ranking;
mod text;
mod timeline;

/// Writes the report of the time `since` before now to a file as HTML, or to standard output as
/// text.
pub(crate) fn run(
    settings: &Settings,
    since: Seconds,
    html: Option<&Path>,
    console: &mut Console<'_>,
) -> Outcome {
    let now = date::now();
    let figures = gather::figures(settings, since, now)?;
    for warning in &figures.warnings {
        console.warn(warning);
    }
    match html {
        None => {
            let text = text::report(&figures, Screen::of_stdout());
            console.out().write_all(text.as_bytes())?;
        }
        Some(path) => {
            let page = html::page(&figures).into_string();
            // The page shows log lines, which not every user may read.
            AtomicFile::new(path).mode(0o640).write(page.as_bytes())?;
            writeln!(console.out(), "{} written", sanitize::path(path))?;
        }
    }
    Ok(())
}
