//! A pattern with lines, and the verdicts of both engines.

use perl_pattern::{Captures, Limits, Matcher, Modifiers, PatternErrorKind, Verdict};

use crate::oracle::Answer;
use crate::quirks;

/// A pattern, its modifiers, and the lines to match.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) pattern: Vec<u8>,
    pub(crate) flags: String,
    pub(crate) lines: Vec<Vec<u8>>,
}

/// A difference from Perl.
pub(crate) enum Difference {
    Found(String),
    /// The reason is known.
    Excused(&'static str),
}

impl Case {
    pub(crate) fn shown(&self) -> String {
        format!("/{}/{}", self.pattern.escape_ascii(), self.flags)
    }

    fn compile(&self) -> Result<Matcher, perl_pattern::PatternError> {
        let has = |letter| self.flags.contains(letter);
        let modifiers = Modifiers {
            ignore_case: has('i'),
            multi_line: has('m'),
            dot_all: has('s'),
            extended: has('x'),
            extended_more: self.flags.contains("xx"),
            no_capture: has('n'),
            ascii: has('a'),
        };
        Matcher::compile(&self.pattern, &modifiers, &Limits::default())
    }

    /// The first difference from Perl's answers.
    pub(crate) fn difference(&self, perl: &Result<Vec<Answer>, String>) -> Option<Difference> {
        let shown = self.shown();
        let (matcher, answers) = match (self.compile(), perl) {
            (Ok(matcher), Ok(answers)) => (matcher, answers),
            (Err(_), Err(_)) => return None,
            (Err(error), Ok(_)) => {
                let known = matches!(
                    error.kind,
                    PatternErrorKind::Unsupported | PatternErrorKind::TooLarge
                );
                let text = || format!("{shown} is refused: {error}");
                return (!known).then(|| Difference::Found(text()));
            }
            (Ok(_), Err(error)) => {
                return Some(match quirks::excused_error(self, error) {
                    Some(reason) => Difference::Excused(reason),
                    None => Difference::Found(format!("{shown} is taken; Perl says {error}")),
                });
            }
        };
        let mut captures = Captures::new();
        for (line, answer) in self.lines.iter().zip(answers) {
            let matched = matcher.is_match(line);
            let captured = matcher.captures_into(line, &mut captures);
            if matched == Verdict::GaveUp
                || captured == Verdict::GaveUp
                || *answer == Answer::Nothing
            {
                continue;
            }
            let line_shown = line.escape_ascii();
            let engine = if matcher.is_linear() {
                "linear"
            } else {
                "PCRE2"
            };
            if matched != captured {
                return Some(Difference::Found(format!(
                    "{shown} on \"{line_shown}\" ({engine}): search {matched:?}, captures {captured:?}"
                )));
            }
            let ours = match captured {
                Verdict::Match => Answer::Groups(
                    (0..captures.len())
                        .map(|group| captures.get(group).map(|range| (range.start, range.end)))
                        .collect(),
                ),
                _ => Answer::NoMatch,
            };
            if taken(&ours, line) != taken(answer, line) {
                return Some(match quirks::excuse(self, &ours, answer) {
                    Some(reason) => Difference::Excused(reason),
                    None => Difference::Found(format!(
                        "{shown} on \"{line_shown}\" ({engine}):\n  ours {ours:?}\n  perl {answer:?}"
                    )),
                });
            }
        }
        None
    }
}

type Taken = (Option<(usize, usize)>, Vec<Vec<u8>>);

/// The match's place and the groups' texts. A group that took no part counts as empty: both are
/// the empty text in a command. (Where an empty group lies, perl leaves to its optimiser.)
fn taken(answer: &Answer, line: &[u8]) -> Option<Taken> {
    let Answer::Groups(groups) = answer else {
        return None;
    };
    let text = |group: &Option<(usize, usize)>| {
        group.map_or(Vec::new(), |(start, end)| line[start..end].to_vec())
    };
    Some((groups[0], groups[1..].iter().map(text).collect()))
}
