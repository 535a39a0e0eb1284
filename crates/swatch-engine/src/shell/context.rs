//! Determines the shell context of each variable of a command.
//!
//! The reader of shell text knows quotes, substitutions, parameter expansions, arithmetic,
//! here-documents, comments, assignments and redirections (where a shell does not split words), and
//! scripts that are passed to other shells (`sh -c "…"`, `eval …`, `ssh HOST …`): a value in such a
//! script is quoted for both shells.

mod here;

use here::HereDelimiter;

use super::quote::Quote;
use super::scripts::{Invoked, Role};
use super::word::{Unit, Word};

/// The quoting steps of each hole, from the innermost outwards.
pub(crate) fn contexts(units: &[Unit], holes: usize) -> Vec<Vec<Quote>> {
    let mut found = vec![vec![Quote::Plain]; holes];
    read_script(units, &mut found, 0);
    found
}

/// The deepest nesting of substitutions and scripts. Holes below become plain letters, which are
/// harmless everywhere.
const DEPTH: usize = 50;

fn read_script(units: &[Unit], found: &mut [Vec<Quote>], depth: usize) {
    let mut reader = Reader {
        units,
        at: 0,
        found,
        depth,
        here: Vec::new(),
        before: None,
    };
    while reader.at < units.len() {
        reader.commands(End::Text);
        // A stray closing parenthesis: continue after it.
        reader.at += 1;
    }
}

/// The end of a list of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Text,
    /// `)`.
    Bracket,
}

pub(super) struct Reader<'u, 'f> {
    pub(super) units: &'u [Unit],
    pub(super) at: usize,
    found: &'f mut [Vec<Quote>],
    depth: usize,
    /// Here-documents whose text starts after the next newline.
    here: Vec<HereDelimiter>,
    /// An additional step because of the byte directly before a hole.
    before: Option<Quote>,
}

impl Reader<'_, '_> {
    pub(super) fn unit(&self) -> Option<Unit> {
        self.units.get(self.at).copied()
    }

    pub(super) fn byte(&self, ahead: usize) -> Option<u8> {
        match self.units.get(self.at + ahead)? {
            Unit::Byte(b) => Some(*b),
            Unit::Hole(_) => None,
        }
    }

    fn at_hole(&self) -> bool {
        matches!(self.unit(), Some(Unit::Hole(_)))
    }

    /// Records the context of a hole and returns it as quoting steps.
    pub(super) fn fill(&mut self, hole: usize, quote: Quote) -> Vec<Quote> {
        let steps: Vec<_> = [quote].into_iter().chain(self.before.take()).collect();
        self.found[hole].clone_from(&steps);
        steps
    }

    /// Reads text that is itself a script inside a layer of quoting.
    fn nested(&mut self, content: &[Unit], outer: Vec<(usize, Vec<Quote>)>) {
        for (hole, _) in &outer {
            self.found[*hole] = vec![Quote::Plain];
        }
        if self.depth < DEPTH {
            read_script(content, self.found, self.depth + 1);
        }
        for (hole, steps) in outer {
            self.found[hole].extend(steps);
        }
    }

    /// Reads commands up to their end, which is not consumed.
    fn commands(&mut self, end: End) {
        if self.depth >= DEPTH {
            self.at = self.units.len();
            return;
        }
        self.depth += 1;
        let mut word = Word::default();
        let mut invoked = Invoked::default();
        let mut cases = 0usize;
        while let Some(unit) = self.unit() {
            let byte = match unit {
                Unit::Byte(byte) => byte,
                Unit::Hole(hole) => {
                    let before = self.before.clone();
                    self.fill(hole, invoked.quote(&word));
                    let outer = [Quote::Word].into_iter().chain(before);
                    word.push_hole(hole, outer.collect());
                    self.at += 1;
                    continue;
                }
            };
            match byte {
                b'\'' => self.single(&mut word),
                b'"' => self.double(&mut word),
                b'\\' => {
                    self.at += 1;
                    self.escaped(&mut word, |_| true);
                }
                b'`' => self.backquote(&mut word, false),
                b'$' => self.dollar(&mut word, false),
                b'#' if !word.begun => self.comment(),
                b')' if end == End::Bracket && cases == 0 => break,
                b' ' | b'\t' => {
                    self.end_word(&mut word, &mut invoked, &mut cases);
                    self.at += 1;
                }
                b'\n' | b';' | b'&' | b'|' | b')' => {
                    self.end_word(&mut word, &mut invoked, &mut cases);
                    invoked = Invoked::default();
                    self.at += 1;
                    if byte == b'\n' {
                        self.here_documents();
                    }
                }
                b'(' => {
                    self.end_word(&mut word, &mut invoked, &mut cases);
                    invoked = Invoked::default();
                    self.at += 1;
                    if self.byte(0) == Some(b'(') {
                        // bash evaluates this and expands commands in it.
                        self.at += 1;
                        self.arithmetic();
                    } else {
                        self.commands(End::Bracket);
                        self.at += 1;
                    }
                }
                b'<' if self.byte(1) == Some(b'<') && self.byte(2) != Some(b'<') => {
                    self.end_word(&mut word, &mut invoked, &mut cases);
                    self.here_delimiter();
                }
                b'<' | b'>' => {
                    if word.is_number() {
                        // `2>`: the number is not a word of the command.
                        word = Word::default();
                    }
                    self.end_word(&mut word, &mut invoked, &mut cases);
                    while matches!(self.byte(0), Some(b'<' | b'>' | b'&' | b'|')) {
                        self.at += 1;
                    }
                    invoked.redirect();
                }
                _ => {
                    word.push(byte);
                    self.at += 1;
                }
            }
        }
        self.end_word(&mut word, &mut invoked, &mut cases);
        self.depth -= 1;
    }

    fn end_word(&mut self, word: &mut Word, invoked: &mut Invoked, cases: &mut usize) {
        let word = std::mem::take(word);
        if !word.begun {
            return;
        }
        match invoked.next_word(&word) {
            // Holes are quoted for that script, and the result is data for this one.
            Role::Script => self.nested(&word.content, word.outer),
            Role::Case => *cases += 1,
            Role::Esac => *cases = cases.saturating_sub(1),
            Role::Plain => {}
        }
    }

    /// Reads the part after a backslash. One before a hole is made to stand for itself: it must not
    /// take away the meaning of the quote that the value begins with.
    fn escaped(&mut self, word: &mut Word, special: impl Fn(u8) -> bool) {
        match self.byte(0) {
            Some(next) => {
                if !special(next) {
                    word.push(b'\\');
                }
                if next != b'\n' {
                    word.push(next);
                }
                self.at += 1;
            }
            None => {
                word.push(b'\\');
                self.before = self.at_hole().then_some(Quote::Backslash);
            }
        }
    }

    fn single(&mut self, word: &mut Word) {
        word.begun = true;
        self.at += 1;
        while let Some(unit) = self.unit() {
            self.at += 1;
            match unit {
                Unit::Byte(b'\'') => break,
                Unit::Byte(b) => word.push(b),
                Unit::Hole(hole) => {
                    let outer = self.fill(hole, Quote::Single);
                    word.push_hole(hole, outer);
                }
            }
        }
    }

    fn double(&mut self, word: &mut Word) {
        word.begun = true;
        self.at += 1;
        while let Some(unit) = self.unit() {
            match unit {
                Unit::Hole(hole) => {
                    let outer = self.fill(hole, Quote::Double);
                    word.push_hole(hole, outer);
                    self.at += 1;
                }
                Unit::Byte(b'"') => {
                    self.at += 1;
                    break;
                }
                Unit::Byte(b'\\') => {
                    self.at += 1;
                    self.escaped(word, |b| matches!(b, b'$' | b'`' | b'"' | b'\\' | b'\n'));
                }
                Unit::Byte(b'`') => self.backquote(word, true),
                Unit::Byte(b'$') => self.dollar(word, true),
                Unit::Byte(b) => {
                    word.push(b);
                    self.at += 1;
                }
            }
        }
    }

    /// `$(…)`, `$((…))`, `${…}`, `$'…'`; any other dollar sign is text.
    fn dollar(&mut self, word: &mut Word, in_double: bool) {
        word.begun = true;
        match (self.byte(1), self.byte(2)) {
            (Some(b'('), Some(b'(')) => {
                self.at += 3;
                self.arithmetic();
            }
            (Some(b'('), _) => {
                self.at += 2;
                self.commands(End::Bracket);
                self.at += 1;
            }
            (Some(b'{'), _) => {
                self.at += 2;
                self.parameter(in_double);
            }
            (Some(b'\''), _) if !in_double => {
                self.at += 2;
                self.ansi();
            }
            _ => {
                word.push(b'$');
                self.at += 1;
                if self.at_hole() {
                    // The start of the value must not become the name of a variable or open a
                    // substitution.
                    self.before = Some(match in_double {
                        true => Quote::Apart(b"\"\""),
                        false => Quote::Apart(b"''"),
                    });
                }
            }
        }
    }

    /// The inside of `$'…'`. Shells disagree about backslashes in it.
    fn ansi(&mut self) {
        while let Some(unit) = self.unit() {
            self.at += 1;
            match unit {
                Unit::Byte(b'\'') => break,
                Unit::Byte(b'\\') if self.byte(0).is_some() => self.at += 1,
                Unit::Byte(_) => {}
                Unit::Hole(hole) => {
                    self.fill(hole, Quote::Plain);
                }
            }
        }
    }

    /// The inside of `${…}`. A value may be in the place of a name or an index, so only harmless
    /// letters are passed.
    fn parameter(&mut self, in_double: bool) {
        let mut word = Word::default();
        while let Some(unit) = self.unit() {
            match unit {
                Unit::Hole(hole) => {
                    self.fill(hole, Quote::Plain);
                    self.at += 1;
                }
                Unit::Byte(b'}') => {
                    self.at += 1;
                    break;
                }
                Unit::Byte(b'\'') if !in_double => self.single(&mut word),
                Unit::Byte(b'"') => self.double(&mut word),
                Unit::Byte(b'`') => self.backquote(&mut word, in_double),
                Unit::Byte(b'$') => self.dollar(&mut word, in_double),
                Unit::Byte(b'\\') if self.byte(1).is_some() => self.at += 2,
                Unit::Byte(_) => self.at += 1,
            }
            self.before = None;
        }
    }

    /// The inside of `$((…))`, including quotes and parentheses.
    fn arithmetic(&mut self) {
        let mut depth = 2;
        while let Some(unit) = self.unit() {
            self.at += 1;
            match unit {
                Unit::Hole(hole) => {
                    self.fill(hole, Quote::Number);
                }
                Unit::Byte(b'(') => depth += 1,
                Unit::Byte(b')') => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                Unit::Byte(_) => {}
            }
        }
    }

    /// Text between backquotes. The shell unescapes it before it parses it.
    fn backquote(&mut self, word: &mut Word, in_double: bool) {
        word.begun = true;
        self.at += 1;
        let mut script = Word::default();
        while let Some(unit) = self.unit() {
            self.at += 1;
            match unit {
                Unit::Byte(b'`') => break,
                Unit::Byte(b'\\') => self.escaped(&mut script, |b| {
                    matches!(b, b'$' | b'`' | b'\\') || (in_double && b == b'"')
                }),
                Unit::Byte(b) => script.push(b),
                Unit::Hole(hole) => {
                    let outer = self.fill(hole, Quote::Backquote { in_double });
                    script.push_hole(hole, outer);
                }
            }
        }
        self.nested(&script.content, script.outer);
    }

    fn comment(&mut self) {
        while let Some(unit) = self.unit() {
            match unit {
                Unit::Byte(b'\n') => break,
                Unit::Byte(_) => {}
                Unit::Hole(hole) => {
                    self.fill(hole, Quote::Plain);
                }
            }
            self.at += 1;
        }
    }
}
