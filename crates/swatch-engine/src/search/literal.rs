//! Texts that a record must contain for a pattern to match.

use super::filter::Needle;
use crate::pattern::ast::{Node, Repeat, Test};
use crate::pattern::set::ByteSet;

/// At most so many texts stand for one part of a pattern.
const MAX_TEXTS: usize = 16;
/// Longer texts find no fewer records.
const MAX_LENGTH: usize = 48;
/// Alternatives of a whole pattern.
const MAX_ALTERNATIVES: usize = 64;

/// One text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Literal {
    /// In lower case where `fold` is set.
    pub(crate) bytes: Vec<u8>,
    /// Either case will do for ASCII letters.
    pub(crate) fold: bool,
    /// A letter is there for which one case alone would do though `fold` is set.
    mixed: bool,
    /// A letter is there in one case.
    cased: bool,
}

/// Texts of which a record must contain one at least.
pub(crate) type Choice = Vec<Literal>;

/// What is known of a pattern's texts.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    /// Each of them is necessary; the caller takes the one that it likes best.
    pub(crate) choices: Vec<Choice>,
    /// The first choice is the pattern: a record that contains one of its texts matches.
    pub(crate) whole: bool,
}

/// Looks for the texts of a pattern.
pub(crate) fn texts(node: &Node) -> Texts {
    if node.any(&|node| matches!(node, Node::Verb("ACCEPT", _))) {
        return Texts::default();
    }
    let mut found = Found::of(node);
    if let Some(exact) = found.exact.take().filter(|exact| is_useful(exact)) {
        let whole = !found.conditional && exact.iter().all(|text| !text.is_mixed());
        found.choices.insert(0, exact);
        return Texts {
            choices: found.choices,
            whole,
        };
    }
    Texts {
        choices: found.choices,
        whole: false,
    }
}

fn is_useful(choice: &[Literal]) -> bool {
    choice.iter().all(|text| text.bytes.len() >= 2)
}

impl Literal {
    pub(crate) fn needle(&self) -> Needle {
        Needle {
            bytes: self.bytes.clone(),
            fold: self.fold,
        }
    }

    fn is_mixed(&self) -> bool {
        self.mixed || (self.fold && self.cased)
    }

    fn then(&self, next: &Literal) -> Literal {
        let fold = self.fold || next.fold;
        let mut bytes = [self.bytes.as_slice(), &next.bytes].concat();
        if fold {
            bytes.make_ascii_lowercase();
        }
        Literal {
            bytes,
            fold,
            mixed: self.mixed || next.mixed || (fold && (self.cased || next.cased)),
            cased: self.cased || next.cased,
        }
    }

    fn byte(byte: u8) -> Literal {
        Literal {
            bytes: vec![byte],
            cased: byte.is_ascii_alphabetic(),
            ..Literal::default()
        }
    }

    fn either_case(letter: u8) -> Literal {
        Literal {
            bytes: vec![letter.to_ascii_lowercase()],
            fold: true,
            ..Literal::default()
        }
    }
}

/// What is known of a part of a pattern.
#[derive(Debug, Default)]
struct Found {
    /// All that the part can be, if that is little.
    exact: Option<Vec<Literal>>,
    /// Necessary texts.
    choices: Vec<Choice>,
    /// More than the text decides whether the part matches.
    conditional: bool,
}

impl Found {
    fn of(node: &Node) -> Found {
        match node {
            Node::Empty => Found::exactly(vec![Literal::default()]),
            Node::Fail => Found::exactly(Vec::new()),
            Node::Assert(_) | Node::Verb(..) => Found::condition(Vec::new()),
            Node::Look(look, node) => Found::condition(if look.negated {
                Vec::new()
            } else {
                Found::of(node).all_choices()
            }),
            Node::Set(set) => Found {
                exact: characters(*set),
                ..Found::default()
            },
            Node::Concat(nodes) => Found::concat(nodes),
            Node::Alt(nodes) | Node::BranchReset(nodes) => {
                Found::alternatives(nodes.iter().map(Found::of).collect())
            }
            Node::Repeat(repeat) => Found::repeat(repeat),
            Node::Capture(_, node) => Found::of(node),
            Node::Atomic(node) => Found {
                conditional: true,
                ..Found::of(node)
            },
            Node::Cond(cond) if cond.test == Test::Define => Found::condition(Vec::new()),
            Node::Cond(cond) => {
                Found::alternatives(vec![Found::of(&cond.yes), Found::of(&cond.no)]).unsure()
            }
            Node::BackRef { .. } | Node::Recurse(_) | Node::Newline | Node::Grapheme => {
                Found::default().unsure()
            }
        }
    }

    fn exactly(texts: Vec<Literal>) -> Found {
        Found {
            exact: Some(texts),
            ..Found::default()
        }
    }

    fn condition(choices: Vec<Choice>) -> Found {
        Found {
            exact: Some(vec![Literal::default()]),
            choices,
            conditional: true,
        }
    }

    fn unsure(mut self) -> Found {
        self.conditional = true;
        self
    }

    fn all_choices(mut self) -> Vec<Choice> {
        let exact = self.exact.take().filter(|exact| is_useful(exact));
        self.choices.extend(exact);
        self.choices
    }

    fn concat(nodes: &[Node]) -> Found {
        let mut out = Found::default();
        // What directly precedes the next part.
        let mut run = vec![Literal::default()];
        let mut broken = false;
        for node in nodes {
            let found = Found::of(node);
            out.conditional |= found.conditional;
            out.choices.extend(found.choices);
            match found.exact {
                Some(texts) => match cross(&run, &texts) {
                    Some(longer) => run = longer,
                    None => {
                        broken = true;
                        let before = std::mem::replace(&mut run, texts);
                        out.choices
                            .extend(Some(before).filter(|run| is_useful(run)));
                    }
                },
                None => {
                    broken = true;
                    let before = std::mem::replace(&mut run, vec![Literal::default()]);
                    out.choices
                        .extend(Some(before).filter(|run| is_useful(run)));
                }
            }
        }
        if broken {
            out.choices.extend(Some(run).filter(|run| is_useful(run)));
        } else {
            out.exact = Some(run);
        }
        out
    }

    fn alternatives(found: Vec<Found>) -> Found {
        let conditional = found.iter().any(|found| found.conditional);
        let exact: Option<Vec<Literal>> = found
            .iter()
            .map(|found| found.exact.clone())
            .collect::<Option<Vec<_>>>()
            .map(|texts| texts.concat())
            .filter(|texts| texts.len() <= MAX_TEXTS);
        if exact.is_some() {
            return Found {
                exact,
                choices: Vec::new(),
                conditional,
            };
        }
        // One necessary text for each alternative.
        let mut choice = Vec::new();
        for found in found {
            match best(found.all_choices()) {
                Some(texts) => choice.extend(texts),
                None => return Found::default().unsure(),
            }
        }
        Found {
            exact: None,
            choices: Some(choice)
                .filter(|choice| choice.len() <= MAX_ALTERNATIVES)
                .into_iter()
                .collect(),
            conditional,
        }
    }

    fn repeat(repeat: &Repeat) -> Found {
        let found = Found::of(&repeat.node);
        let conditional = found.conditional;
        match (repeat.min, repeat.max, found.exact) {
            (0, Some(0), _) => Found::exactly(vec![Literal::default()]),
            (0, Some(1), Some(mut texts)) if texts.len() < 4 => {
                texts.push(Literal::default());
                Found {
                    exact: Some(texts),
                    choices: Vec::new(),
                    conditional,
                }
            }
            (0, _, _) => Found {
                conditional,
                ..Found::default()
            },
            (min, max, Some(texts)) => {
                let mut run = Some(vec![Literal::default()]);
                for _ in 0..min.min(8) {
                    run = run.and_then(|run| cross(&run, &texts));
                }
                let exact = run.clone().filter(|_| min <= 8 && max == Some(min));
                let mut choices = found.choices;
                if exact.is_none() {
                    let texts = run.unwrap_or(texts);
                    choices.extend(Some(texts).filter(|texts| is_useful(texts)));
                }
                Found {
                    exact,
                    choices,
                    conditional,
                }
            }
            (_, _, None) => Found {
                exact: None,
                choices: found.choices,
                conditional,
            },
        }
    }
}

/// The characters of a small class. A newline is none: texts lie within a record.
fn characters(set: ByteSet) -> Option<Vec<Literal>> {
    if set.len() > 4 || set.contains(b'\n') {
        return None;
    }
    let bytes: Vec<u8> = set.bytes().collect();
    let mut texts = Vec::new();
    for &byte in &bytes {
        let pair = byte.is_ascii_alphabetic() && set.contains(byte ^ 0x20);
        match (pair, byte.is_ascii_uppercase()) {
            (true, true) => texts.push(Literal::either_case(byte)),
            (true, false) => {}
            (false, _) => texts.push(Literal::byte(byte)),
        }
    }
    Some(texts)
}

/// Each of the first followed by each of the second, if that is not too much.
fn cross(first: &[Literal], second: &[Literal]) -> Option<Vec<Literal>> {
    if first.len() * second.len() > MAX_TEXTS {
        return None;
    }
    let all = first
        .iter()
        .flat_map(|a| second.iter().map(|b| a.then(b)))
        .collect::<Vec<_>>();
    let fits = all.iter().all(|text| text.bytes.len() <= MAX_LENGTH);
    fits.then_some(all)
}

/// The choice that probably occurs least often.
pub(crate) fn best(choices: Vec<Choice>) -> Option<Choice> {
    choices
        .into_iter()
        .map(|choice| (super::rank::choice(&choice), choice))
        .min_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, choice)| choice)
}
