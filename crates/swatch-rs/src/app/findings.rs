//! Errors and warnings about a configuration: for people, for editors, and as events.

use std::io::{IsTerminal, Write};

use serde_json::{Map, Value};
use swatch_common::sanitize;
use swatch_config::{Diagnostic, Severity, Sources};

use crate::log::{self, EventKind, Level, LogEvent};

/// Errors and warnings about a configuration, with its text for showing the place.
pub(super) struct Findings {
    diagnostics: Vec<Diagnostic>,
    sources: Sources,
}

/// Findings as text for people, and as objects.
pub(super) type Told = (String, Vec<Value>);

/// The place of a diagnostic: lines from 1, columns in bytes from 1, the end exclusive.
struct Place {
    file: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

impl Findings {
    pub(super) fn new(diagnostics: Vec<Diagnostic>, sources: Sources) -> Self {
        Self {
            diagnostics,
            sources,
        }
    }

    /// Writes them to standard error.
    pub(super) fn print(&self) {
        if log::is_json() {
            let events = self.diagnostics.iter().map(|finding| self.event(finding));
            return events.for_each(|event| log::write(&event));
        }
        let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let _ = std::io::stderr()
            .lock()
            .write_all(self.text(color).as_bytes());
    }

    /// The text for people, with the lines of the configuration.
    pub(super) fn text(&self, color: bool) -> String {
        let one = |finding| swatch_config::render(finding, &self.sources, color) + "\n";
        self.diagnostics.iter().map(one).collect()
    }

    /// The text and the objects, for those who ask for the result of a reload.
    pub(super) fn told(&self) -> Told {
        (self.text(false), self.json())
    }

    /// The number of errors.
    pub(super) fn errors(&self) -> usize {
        let is_error = |finding: &&Diagnostic| finding.severity == Severity::Error;
        self.diagnostics.iter().filter(is_error).count()
    }

    /// An object for each, with the fields of the event `diagnostic`.
    pub(super) fn json(&self) -> Vec<Value> {
        let one = |finding: &Diagnostic| {
            let mut object = Map::new();
            object.insert("severity".into(), severity(finding).into());
            object.insert("text".into(), sanitize::cow(&finding.message).into());
            if !finding.label.is_empty() {
                object.insert("label".into(), sanitize::cow(&finding.label).into());
            }
            if let Some(help) = &finding.help {
                object.insert("help".into(), sanitize::cow(help).into());
            }
            if let Some(place) = self.place(finding) {
                object.insert("file".into(), place.file.into());
                object.insert("line".into(), place.line.into());
                object.insert("column".into(), place.column.into());
                object.insert("end_line".into(), place.end_line.into());
                object.insert("end_column".into(), place.end_column.into());
            }
            Value::Object(object)
        };
        self.diagnostics.iter().map(one).collect()
    }

    fn event(&self, finding: &Diagnostic) -> LogEvent {
        let level = match finding.severity {
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
        };
        let text = sanitize::cow(&finding.message);
        let place = self.place(finding);
        let message = match &place {
            Some(place) => format!("{}:{}:{}: {text}", place.file, place.line, place.column),
            None => text.to_string(),
        };
        let label = Some(finding.label.as_str()).filter(|label| !label.is_empty());
        let event = LogEvent::new(level, EventKind::Diagnostic, message)
            .with("severity", severity(finding))
            .with("text", text.as_ref())
            .with_some("label", label)
            .with_some("help", finding.help.as_deref());
        match place {
            None => event,
            Some(place) => event
                .with("file", place.file)
                .with("line", place.line)
                .with("column", place.column)
                .with("end_line", place.end_line)
                .with("end_column", place.end_column),
        }
    }

    fn place(&self, finding: &Diagnostic) -> Option<Place> {
        let span = finding.span?;
        let (line, column) = self.sources.line_column(span);
        let mut end = span;
        end.start = span.end.max(span.start);
        let (end_line, end_column) = self.sources.line_column(end);
        Some(Place {
            file: sanitize::path(self.sources.path(span.file)),
            line,
            column,
            end_line,
            end_column,
        })
    }
}

fn severity(finding: &Diagnostic) -> &'static str {
    match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
