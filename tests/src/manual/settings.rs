//! The commented settings file as man(7): each setting with its default and what the comments say.

use super::{escaped, line};

/// The body of a page: the comments are its text, a setting is the tag of those above it.
pub(super) fn page(document: &str) -> String {
    let mut out = ".SH DESCRIPTION\n".to_owned();
    for block in document.split("\n\n") {
        let mut paragraph = Vec::new();
        let mut settings = Vec::new();
        for text in block.lines() {
            match text.strip_prefix("# ").or((text == "#").then_some("")) {
                Some(text) if text.starts_with("---") => {
                    let title = text.trim_matches(['-', ' ']);
                    out.push_str(&format!(".SH {}\n", escaped(&title.to_uppercase())));
                }
                Some(text) => paragraph.push(text),
                None if text.starts_with('[') => {
                    out.push_str(&format!(".SS {}\n", escaped(text)));
                }
                None => settings.push(text),
            }
        }
        if settings.is_empty() {
            prose(&mut out, &paragraph);
            continue;
        }
        out.push_str(".PP\n.nf\n");
        for setting in settings {
            // The defaults stand out from the other values.
            let text = match setting.strip_prefix('#') {
                Some(other) => format!("  {}", escaped(other)),
                None => format!("\\fB{}\\fR", escaped(setting)),
            };
            line(&mut out, &text);
        }
        out.push_str(".fi\n.RS 4\n");
        prose(&mut out, &paragraph);
        out.push_str(".RE\n");
    }
    out
}

/// Paragraphs; lines with columns keep them.
fn prose(out: &mut String, lines: &[&str]) {
    let columns = lines
        .iter()
        .filter(|line| line.trim().contains("   "))
        .count();
    for part in lines.split(|line| line.is_empty()) {
        if part.is_empty() {
            continue;
        }
        let fixed = columns > 0 && part.iter().any(|line| line.trim().contains("  "));
        out.push_str(if fixed { ".PP\n.nf\n" } else { ".PP\n" });
        for text in part {
            line(out, &escaped(text));
        }
        if fixed {
            out.push_str(".fi\n");
        }
    }
}
