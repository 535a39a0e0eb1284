//! Literals that a literal must contain for a pattern to match.

use crate::ast::{Node, Repeat, Test};
use crate::byte_set::ByteSet;
use crate::fold;
use crate::selectivity;

/// Most literals that stand for one part of a pattern.
const MAX_LITERALS: usize = 16;
/// Longer literals select no fewer literals.
const MAX_LENGTH: usize = 48;
/// Most alternatives of a whole pattern.
const MAX_ALTERNATIVES: usize = 64;

/// A literal that occurs in matching literals.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Literal {
    /// The literal, in lower case if `fold` is set. At most 48 bytes.
    pub bytes: Vec<u8>,
    /// ASCII letters match in either case.
    pub fold: bool,
    /// `fold` is set, but the pattern accepts one of the letters in a single case only.
    mixed: bool,
    /// The pattern accepts one of the letters in a single case only.
    cased: bool,
}

/// Literals of which a matching literal contains at least one.
pub type LiteralSet = Vec<Literal>;

/// The literals that a pattern requires.
#[derive(Debug, Default)]
pub struct RequiredLiterals {
    /// A matching literal contains a literal of each set; a search may pick the set it likes best.
    pub sets: Vec<LiteralSet>,
    /// The first set is equivalent to the pattern: a literal that contains one of its literals
    /// matches.
    pub complete: bool,
}

/// Extracts the literals of a pattern.
pub(crate) fn required(node: &Node) -> RequiredLiterals {
    if node.has_accept() {
        return RequiredLiterals::default();
    }
    let mut part = PartLiterals::of(node);
    let exact = part.exact.take().filter(|exact| is_useful(exact));
    let complete = exact
        .as_ref()
        .is_some_and(|exact| !part.conditional && exact.iter().all(|literal| !literal.is_mixed()));
    RequiredLiterals {
        sets: exact.into_iter().chain(part.sets).collect(),
        complete,
    }
}

fn is_useful(set: &[Literal]) -> bool {
    set.iter().all(|literal| literal.bytes.len() >= 2)
}

impl Literal {
    /// True if the literal stands at this place of a text.
    #[must_use]
    pub fn is_at(&self, text: &[u8], start: usize) -> bool {
        text.get(start..start + self.bytes.len())
            .is_some_and(|there| match self.fold {
                true => fold::equals(there, &self.bytes),
                false => there == self.bytes,
            })
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

    /// As [`Literal::then`] with a literal of one character, in place.
    fn push(&mut self, Character { byte, fold }: Character) {
        let cased = !fold && byte.is_ascii_alphabetic();
        if fold && !self.fold {
            self.fold = true;
            self.mixed |= self.cased;
            self.bytes.make_ascii_lowercase();
        }
        self.mixed |= self.fold && cased;
        self.cased |= cased;
        self.bytes.push(match self.fold {
            true => byte.to_ascii_lowercase(),
            false => byte,
        });
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

/// The literals of a part of a pattern.
#[derive(Debug, Default)]
struct PartLiterals {
    /// Every text that the part can match, if there are few of them.
    exact: Option<LiteralSet>,
    /// Sets of which every matching text contains a literal each.
    sets: Vec<LiteralSet>,
    /// The part has conditions beyond its literals.
    conditional: bool,
}

impl PartLiterals {
    fn of(node: &Node) -> PartLiterals {
        match node {
            Node::Empty => PartLiterals::exactly(vec![Literal::default()]),
            Node::Fail => PartLiterals::exactly(Vec::new()),
            Node::Assert(_) | Node::Verb(..) => PartLiterals::condition(Vec::new()),
            Node::Look(look, node) => PartLiterals::condition(if look.negated {
                Vec::new()
            } else {
                PartLiterals::of(node).all_sets()
            }),
            Node::Set(set) => PartLiterals {
                exact: characters(*set),
                ..PartLiterals::default()
            },
            Node::Concat(nodes) => PartLiterals::concat(nodes),
            Node::Alt(nodes) | Node::BranchReset(nodes) => {
                PartLiterals::alternatives(nodes.iter().map(PartLiterals::of).collect())
            }
            Node::Repeat(repeat) => PartLiterals::repeat(repeat),
            Node::Capture(_, node) => PartLiterals::of(node),
            Node::Atomic(node) => PartLiterals {
                conditional: true,
                ..PartLiterals::of(node)
            },
            Node::Cond(cond) if cond.test == Test::Define => PartLiterals::condition(Vec::new()),
            Node::Cond(cond) => PartLiterals::alternatives(vec![
                PartLiterals::of(&cond.yes),
                PartLiterals::of(&cond.no),
            ])
            .unsure(),
            Node::BackRef { .. } | Node::Recurse(_) | Node::Newline | Node::Grapheme => {
                PartLiterals::default().unsure()
            }
        }
    }

    fn exactly(literals: Vec<Literal>) -> PartLiterals {
        PartLiterals {
            exact: Some(literals),
            ..PartLiterals::default()
        }
    }

    fn condition(sets: Vec<LiteralSet>) -> PartLiterals {
        PartLiterals {
            exact: Some(vec![Literal::default()]),
            sets,
            conditional: true,
        }
    }

    fn unsure(mut self) -> PartLiterals {
        self.conditional = true;
        self
    }

    fn all_sets(mut self) -> Vec<LiteralSet> {
        let exact = self.exact.take().filter(|exact| is_useful(exact));
        self.sets.extend(exact);
        self.sets
    }

    fn concat(nodes: &[Node]) -> PartLiterals {
        let mut out = PartLiterals::default();
        // The part directly before the next one.
        let mut run = vec![Literal::default()];
        let mut broken = false;
        // The number of characters before this node that follow each other.
        let mut characters = 0;
        for (at, node) in nodes.iter().enumerate() {
            if let Some(character) = Character::of(node)
                && run.iter().all(|literal| literal.bytes.len() < MAX_LENGTH)
            {
                if characters == 0 {
                    let rest = nodes[at..].iter();
                    let ahead = rest
                        .take_while(|node| Character::of(node).is_some())
                        .count();
                    run.iter_mut()
                        .for_each(|literal| literal.bytes.reserve_exact(ahead.min(MAX_LENGTH)));
                }
                characters += 1;
                run.iter_mut().for_each(|literal| literal.push(character));
                continue;
            }
            characters = 0;
            let part = PartLiterals::of(node);
            out.conditional |= part.conditional;
            out.sets.extend(part.sets);
            match part.exact {
                Some(literals) => match cross(&run, &literals) {
                    Some(longer) => run = longer,
                    None => {
                        broken = true;
                        let before = std::mem::replace(&mut run, literals);
                        out.sets.extend(Some(before).filter(|run| is_useful(run)));
                    }
                },
                None => {
                    broken = true;
                    let before = std::mem::replace(&mut run, vec![Literal::default()]);
                    out.sets.extend(Some(before).filter(|run| is_useful(run)));
                }
            }
        }
        if broken {
            out.sets.extend(Some(run).filter(|run| is_useful(run)));
        } else {
            out.exact = Some(run);
        }
        out
    }

    fn alternatives(part: Vec<PartLiterals>) -> PartLiterals {
        let conditional = part.iter().any(|part| part.conditional);
        let exact: Option<Vec<Literal>> = part
            .iter()
            .map(|part| part.exact.clone())
            .collect::<Option<Vec<_>>>()
            .map(|literals| literals.concat())
            .filter(|literals| literals.len() <= MAX_LITERALS);
        if exact.is_some() {
            return PartLiterals {
                exact,
                sets: Vec::new(),
                conditional,
            };
        }
        // One necessary literal for each alternative.
        let mut set = Vec::new();
        for part in part {
            match best(part.all_sets()) {
                Some(literals) => set.extend(literals),
                None => return PartLiterals::default().unsure(),
            }
        }
        PartLiterals {
            exact: None,
            sets: Some(set)
                .filter(|set| set.len() <= MAX_ALTERNATIVES)
                .into_iter()
                .collect(),
            conditional,
        }
    }

    fn repeat(repeat: &Repeat) -> PartLiterals {
        let part = PartLiterals::of(&repeat.node);
        let conditional = part.conditional;
        match (repeat.min, repeat.max, part.exact) {
            (0, Some(0), _) => PartLiterals::exactly(vec![Literal::default()]),
            (0, Some(1), Some(mut literals)) if literals.len() < 4 => {
                literals.push(Literal::default());
                PartLiterals {
                    exact: Some(literals),
                    sets: Vec::new(),
                    conditional,
                }
            }
            (0, _, _) => PartLiterals {
                conditional,
                ..PartLiterals::default()
            },
            (min, max, Some(literals)) => {
                let mut run = Some(vec![Literal::default()]);
                for _ in 0..min.min(8) {
                    run = run.and_then(|run| cross(&run, &literals));
                }
                let exact = run.clone().filter(|_| min <= 8 && max == Some(min));
                let mut sets = part.sets;
                if exact.is_none() {
                    let literals = run.unwrap_or(literals);
                    sets.extend(Some(literals).filter(|literals| is_useful(literals)));
                }
                PartLiterals {
                    exact,
                    sets,
                    conditional,
                }
            }
            (_, _, None) => PartLiterals {
                exact: None,
                sets: part.sets,
                conditional,
            },
        }
    }
}

/// A byte, or a letter in lower case that may stand in either case.
#[derive(Debug, Clone, Copy)]
struct Character {
    byte: u8,
    fold: bool,
}

impl Character {
    /// The one character that the node matches, if it is not a newline.
    fn of(node: &Node) -> Option<Character> {
        let Node::Set(set) = node else { return None };
        let length = set.len();
        if length > 2 {
            return None;
        }
        let first = set.bytes().next().filter(|&byte| byte != b'\n')?;
        let pair = first.is_ascii_uppercase() && set.contains(first | 0x20);
        match (length, pair) {
            (1, _) => Some(Character {
                byte: first,
                fold: false,
            }),
            (2, true) => Some(Character {
                byte: first | 0x20,
                fold: true,
            }),
            _ => None,
        }
    }
}

/// The characters of a small class. A newline is none: literals lie within a record.
fn characters(set: ByteSet) -> Option<Vec<Literal>> {
    if set.len() > 4 || set.contains(b'\n') {
        return None;
    }
    let bytes: Vec<u8> = set.bytes().collect();
    let mut literals = Vec::new();
    for &byte in &bytes {
        let pair = byte.is_ascii_alphabetic() && set.contains(byte ^ 0x20);
        match (pair, byte.is_ascii_uppercase()) {
            (true, true) => literals.push(Literal::either_case(byte)),
            (true, false) => {}
            (false, _) => literals.push(Literal::byte(byte)),
        }
    }
    Some(literals)
}

/// Each of the first followed by each of the second, if that is not too much.
fn cross(first: &[Literal], second: &[Literal]) -> Option<Vec<Literal>> {
    if first.len() * second.len() > MAX_LITERALS {
        return None;
    }
    let all = first
        .iter()
        .flat_map(|a| second.iter().map(|b| a.then(b)))
        .collect::<Vec<_>>();
    let fits = all.iter().all(|literal| literal.bytes.len() <= MAX_LENGTH);
    fits.then_some(all)
}

/// The set that probably occurs least often.
fn best(sets: Vec<LiteralSet>) -> Option<LiteralSet> {
    sets.into_iter()
        .map(|set| {
            (
                selectivity::of_any(set.iter().map(|literal| &literal.bytes[..])),
                set,
            )
        })
        .min_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, set)| set)
}
