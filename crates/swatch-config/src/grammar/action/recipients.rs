//! Actions with recipients: `mail` and `write`.

use swatch_common::sanitize;

use super::{Common, program};
use crate::ast::{ActionKind, Piece, Template};
use crate::diagnostic::Diagnostic;
use crate::grammar::options::{ListItem, ListStyle, no_bare, split, unknown};
use crate::grammar::scope::Context;
use crate::grammar::template::{self, ADDRESS};
use crate::lines::keyword::KeywordLine;

pub(super) fn mail<'t>(
    line: KeywordLine<'t>,
    common: &mut Common<'t>,
    context: &mut Context<'_>,
) -> Option<ActionKind> {
    const KNOWN: &[&str] = &[
        "addresses",
        "subject",
        "message",
        "mailer",
        "when",
        "threshold",
    ];
    let form = ListStyle {
        free: true,
        bare: no_bare,
    };
    let (mut addresses, mut subject, mut mailer) = (None, None, None);
    for item in split(line.value, form, context) {
        match item.name {
            None => addresses = address_list(&item, "mail", context),
            Some(_) if item.is("addresses") => addresses = address_list(&item, "mail", context),
            Some(_) if item.is("subject") => {
                subject = Some(template::parse(item.value, ADDRESS, context));
            }
            Some(_) if item.is("mailer") => mailer = program(&item, "mailer", context),
            Some(_) if common.take(&item, context) => {}
            Some(_) => unknown(&item, "mail", KNOWN, context),
        }
    }
    Some(ActionKind::Mail {
        addresses,
        subject,
        mailer,
    })
}

/// The offset of an option in a list of addresses, such as ` subject=`.
fn swallowed_option(list: &[u8]) -> Option<usize> {
    const OPTIONS: [&str; 7] = [
        "subject",
        "message",
        "mailer",
        "addresses",
        "when",
        "threshold",
        "users",
    ];
    let starts = (1..list.len()).filter(|&at| list[at - 1].is_ascii_whitespace());
    starts.into_iter().find(|&at| {
        let rest = list[at..].to_ascii_lowercase();
        OPTIONS.iter().any(|option| {
            rest.strip_prefix(option.as_bytes())
                .is_some_and(|rest| rest.trim_ascii_start().starts_with(b"="))
        })
    })
}

fn address_list(item: &ListItem<'_>, action: &str, context: &mut Context<'_>) -> Option<Template> {
    if let Some(at) = swallowed_option(item.value.bytes) {
        let rest = item.value.from(at);
        let name = sanitize::text(rest.bytes.split(|&b| b == b'=').next().unwrap_or_default());
        let finding = Diagnostic::warning(
            rest.span(),
            format!("`{name}=` belongs to the addresses here"),
            "a comma is missing before it",
        );
        context
            .diagnostics
            .push(finding.with_help(format!("write `,{name}=…`")));
    }
    let list = template::parse(item.value, ADDRESS, context);
    if list.pieces.is_empty() {
        let finding = Diagnostic::error(
            item.span,
            format!("`{action}` has an empty list of addresses"),
            "expected a name or an address",
        );
        context.diagnostics.push(finding);
        return None;
    }
    Some(list)
}

pub(super) fn write<'t>(
    line: KeywordLine<'t>,
    common: &mut Common<'t>,
    context: &mut Context<'_>,
) -> Option<ActionKind> {
    const KNOWN: &[&str] = &["users", "message", "write", "when", "threshold"];
    let form = ListStyle {
        free: true,
        bare: no_bare,
    };
    let (mut users, mut program_) = (None, None);
    for item in split(line.value, form, context) {
        match item.name {
            None => users = address_list(&item, "write", context),
            Some(_) if item.is("users") => users = address_list(&item, "write", context),
            Some(_) if item.is("write") => program_ = program(&item, "write", context),
            Some(_) if common.take(&item, context) => {}
            Some(_) => unknown(&item, "write", KNOWN, context),
        }
    }
    let Some(users) = users else {
        context.diagnostics.push(
            Diagnostic::error(
                line.key.span(),
                "`write` has no users",
                "expected user names",
            )
            .with_help("for example `write root:operator`"),
        );
        return None;
    };
    Some(ActionKind::Write {
        users: colons(users),
        program: program_,
    })
}

/// Turns commas between users into colons. Words after a user belong to it.
fn colons(users: Template) -> Template {
    let mut out = Template::default();
    for piece in users.pieces {
        match piece {
            Piece::Text(text) => {
                let mut names: Vec<&[u8]> = text.split(|&b| b == b',').collect();
                // Only white space next to a comma is removed; other white space separates words.
                let last = names.len() - 1;
                for (at, name) in names.iter_mut().enumerate() {
                    *name = if at > 0 {
                        name.trim_ascii_start()
                    } else {
                        name
                    };
                    *name = if at < last {
                        name.trim_ascii_end()
                    } else {
                        name
                    };
                }
                out.push_text(&names.join(&b':'));
            }
            var => out.pieces.push(var),
        }
    }
    out
}
