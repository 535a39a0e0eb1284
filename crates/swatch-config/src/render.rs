//! Diagnostics as text: the file, the line with a caret under the place, and a label.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use swatch_common::sanitize;

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{Sources, Span};

/// Bytes of a line shown after the place: a generated pattern may have megabytes.
const MAX_TAIL: usize = 400;

/// Bytes that are marked at most: the problem is at the start of the place.
const MAX_MARK: usize = 60;

/// Renders a diagnostic, with a trailing newline. Control characters and bytes that are not UTF-8
/// are escaped.
pub fn render(finding: &Diagnostic, sources: &Sources, color: bool) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = sanitize::cow(&finding.message);
    let mut group = Group::with_title(level.primary_title(&*title));
    let label = sanitize::cow(&finding.label);
    let (excerpt, path);
    if let Some(span) = finding.span {
        excerpt = Excerpt::of(span, sources);
        path = sanitize::path(sources.path(span.file));
        let annotation = AnnotationKind::Primary.span(excerpt.start..excerpt.end);
        let annotation = match label.is_empty() {
            true => annotation,
            false => annotation.label(&*label),
        };
        group = group.element(
            Snippet::source(excerpt.line.as_str())
                .line_start(excerpt.number)
                .path(path.as_str())
                .fold(false)
                .annotation(annotation),
        );
    }
    let help = finding.help.as_deref().map(sanitize::cow);
    if let Some(help) = &help {
        group = group.element(Level::HELP.message(&**help));
    }
    let renderer = match color {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    let mut out = renderer.decor_style(DecorStyle::Ascii).render(&[group]);
    out.push('\n');
    out
}

/// The physical line of a place, escaped for display.
struct Excerpt {
    line: String,
    number: usize,
    start: usize,
    end: usize,
}

impl Excerpt {
    fn of(span: Span, sources: &Sources) -> Self {
        let text = sources.text(span.file);
        let at = span.start.min(text.len());
        let first = text[..at]
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |at| at + 1);
        let last = text[at..].iter().position(|&b| b == b'\n');
        let mut last = last.map_or(text.len(), |length| at + length);
        if last > at && text[last - 1] == b'\r' {
            last -= 1;
        }
        let end = span.end.min(at + MAX_MARK).clamp(at, last.max(at));
        let to = last.min(at + MAX_TAIL).max(at);
        let mut line = String::new();
        sanitize::push(&mut line, &text[first..at]);
        let start = line.len();
        sanitize::push(&mut line, &text[at..end]);
        let stop = line.len();
        sanitize::push(&mut line, &text[end..to]);
        Self {
            number: text[..first].iter().filter(|&&b| b == b'\n').count() + 1,
            line,
            start,
            end: stop,
        }
    }
}
