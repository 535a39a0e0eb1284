//! Splits shell text into tokens, by the quoting rules of POSIX `sh`.

use super::unit::{Unit, bytes};

/// A piece of a script.
#[derive(Debug, Clone)]
pub(super) enum Token {
    Word(Word),
    /// `>`, `2>>`, `<`; the next word is its target.
    Redirect(Redirect),
    /// `|` or `|&`.
    Pipe,
    /// `;`, `&`, `&&`, `||`, a line break.
    Separator,
    /// `(`.
    Open,
    /// `)`.
    Close,
}

/// The direction of a redirection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Redirect {
    Input,
    /// `<<<`: the word itself is the input.
    HereString,
    Output,
    /// Another descriptor than standard output, or a copy of one.
    Other,
}

/// A word before expansion.
#[derive(Debug, Clone, Default)]
pub(super) struct Word {
    pub(super) parts: Vec<Part>,
    /// It has quotes, so it is not a keyword and can be empty.
    pub(super) quoted: bool,
    begun: bool,
}

/// A part of a word.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Literal {
        unit: Unit,
        quoted: bool,
    },
    Variable {
        name: Vec<u8>,
        quoted: bool,
    },
    /// `$(…)`, `` `…` ``, `<(…)`.
    Substitution {
        script: Vec<Token>,
        quoted: bool,
    },
    /// Text that the model does not evaluate, such as arithmetic.
    Unknown,
}

/// The tokens of a whole script.
pub(super) fn tokens(units: &[Unit], depth: usize) -> Vec<Token> {
    let mut lexer = Lexer {
        units,
        at: 0,
        depth,
    };
    let mut out = Vec::new();
    while lexer.at < units.len() {
        out.extend(lexer.script(false));
        // A stray `)`.
        if lexer.at < units.len() {
            out.push(Token::Close);
            lexer.at += 1;
        }
    }
    out
}

/// Nesting limit of substitutions.
const MAX_DEPTH: usize = 30;

struct Lexer<'u> {
    units: &'u [Unit],
    at: usize,
    depth: usize,
}

impl Lexer<'_> {
    fn byte(&self, ahead: usize) -> Option<u8> {
        self.units.get(self.at + ahead)?.byte()
    }

    /// Tokens up to the end, or up to the `)` that closes a substitution.
    fn script(&mut self, substitution: bool) -> Vec<Token> {
        let mut out = Vec::new();
        let mut word = Word::default();
        let mut open = 0usize;
        while let Some(&unit) = self.units.get(self.at) {
            let Some(byte) = unit.byte() else {
                word.push(unit, false);
                self.at += 1;
                continue;
            };
            match byte {
                b'#' if !word.begun => {
                    while self.at < self.units.len() && self.byte(0) != Some(b'\n') {
                        self.at += 1;
                    }
                }
                b' ' | b'\t' => {
                    word.end(&mut out);
                    self.at += 1;
                }
                b')' if substitution && open == 0 => break,
                b'(' if !word.begun && self.byte(1) == Some(b'(') => {
                    self.skip_arithmetic();
                    word.parts.push(Part::Unknown);
                    word.begun = true;
                }
                b'\n' | b';' | b'&' | b'|' | b'(' | b')' => {
                    word.end(&mut out);
                    open = match byte {
                        b'(' => open + 1,
                        b')' => open.saturating_sub(1),
                        _ => open,
                    };
                    self.operator(byte, &mut out);
                }
                b'<' | b'>' => self.redirection(byte, &mut word, &mut out),
                _ => self.piece(byte, false, &mut word),
            }
        }
        word.end(&mut out);
        out
    }

    fn operator(&mut self, byte: u8, out: &mut Vec<Token>) {
        self.at += 1;
        let doubled = matches!(byte, b'&' | b'|' | b';') && self.byte(0) == Some(byte);
        self.at += usize::from(doubled);
        out.push(match byte {
            b'|' if !doubled => {
                self.at += usize::from(self.byte(0) == Some(b'&'));
                Token::Pipe
            }
            // `&>` redirects both outputs.
            b'&' if !doubled && self.byte(0) == Some(b'>') => return,
            b'(' => Token::Open,
            b')' => Token::Close,
            _ => Token::Separator,
        });
    }

    fn redirection(&mut self, byte: u8, word: &mut Word, out: &mut Vec<Token>) {
        let descriptor = word.descriptor();
        if descriptor.is_some() {
            *word = Word::default();
        }
        word.end(out);
        if self.byte(1) == Some(b'(') {
            self.at += 2;
            let script = self.nested();
            word.parts.push(Part::Substitution {
                script,
                quoted: true,
            });
            word.begun = true;
            return;
        }
        let start = self.at;
        while matches!(self.byte(0), Some(b'<' | b'>' | b'&' | b'|')) {
            self.at += 1;
        }
        let operator = bytes(&self.units[start..self.at]);
        out.push(Token::Redirect(match (operator.as_slice(), byte) {
            (b"<<<", _) => Redirect::HereString,
            (_, b'<') => Redirect::Input,
            (b">&" | b">>&", _) => Redirect::Other,
            _ if descriptor.is_some_and(|number| number != b"1") => Redirect::Other,
            _ => Redirect::Output,
        }));
    }

    /// The inside of a substitution, including its `)`.
    fn nested(&mut self) -> Vec<Token> {
        self.depth += 1;
        let script = match self.depth > MAX_DEPTH {
            true => {
                self.at = self.units.len();
                Vec::new()
            }
            false => self.script(true),
        };
        self.depth -= 1;
        self.at += 1;
        script
    }

    /// A byte of a word, with what belongs to it.
    fn piece(&mut self, byte: u8, in_double: bool, word: &mut Word) {
        match byte {
            b'\'' if !in_double => self.single(word),
            b'"' if !in_double => self.double(word),
            b'\\' => self.escaped(in_double, word),
            b'`' => self.backquote(in_double, word),
            b'$' => self.dollar(in_double, word),
            _ => {
                word.push(Unit::Byte(byte), in_double);
                self.at += 1;
            }
        }
    }

    fn single(&mut self, word: &mut Word) {
        word.open_quote();
        self.at += 1;
        while let Some(&unit) = self.units.get(self.at) {
            self.at += 1;
            if unit == Unit::Byte(b'\'') {
                break;
            }
            word.push(unit, true);
        }
    }

    fn double(&mut self, word: &mut Word) {
        word.open_quote();
        self.at += 1;
        while let Some(&unit) = self.units.get(self.at) {
            match unit.byte() {
                Some(b'"') => {
                    self.at += 1;
                    break;
                }
                Some(byte) => self.piece(byte, true, word),
                None => {
                    word.push(unit, true);
                    self.at += 1;
                }
            }
        }
    }

    fn escaped(&mut self, in_double: bool, word: &mut Word) {
        self.at += 1;
        let Some(next) = self.byte(0) else {
            return word.push(Unit::Byte(b'\\'), in_double);
        };
        if in_double && !matches!(next, b'$' | b'`' | b'"' | b'\\' | b'\n') {
            word.push(Unit::Byte(b'\\'), true);
        }
        if next != b'\n' {
            word.push(Unit::Byte(next), true);
        }
        self.at += 1;
    }

    /// The shell unescapes the text between backquotes before it parses it.
    fn backquote(&mut self, in_double: bool, word: &mut Word) {
        self.at += 1;
        let mut script = Vec::new();
        while let Some(&unit) = self.units.get(self.at) {
            self.at += 1;
            match unit {
                Unit::Byte(b'`') => break,
                Unit::Byte(b'\\') if matches!(self.byte(0), Some(b'$' | b'`' | b'\\')) => {
                    script.push(self.units[self.at]);
                    self.at += 1;
                }
                _ => script.push(unit),
            }
        }
        word.begun = true;
        word.parts.push(match self.depth < MAX_DEPTH {
            true => Part::Substitution {
                script: tokens(&script, self.depth + 1),
                quoted: in_double,
            },
            false => Part::Unknown,
        });
    }

    fn dollar(&mut self, in_double: bool, word: &mut Word) {
        word.begun = true;
        let quoted = in_double;
        let part = match (self.byte(1), self.byte(2)) {
            (Some(b'('), Some(b'(')) => {
                self.skip_arithmetic();
                Part::Unknown
            }
            (Some(b'('), _) => {
                self.at += 2;
                let script = self.nested();
                Part::Substitution { script, quoted }
            }
            (Some(b'{'), _) => self.parameter(quoted),
            (Some(b'\''), _) if !in_double => {
                self.at += 1;
                return self.single(word);
            }
            (Some(next), _) if next.is_ascii_alphabetic() || next == b'_' => {
                let rest = &self.units[self.at + 1..];
                let name = name(rest);
                self.at += 1 + name.len();
                Part::Variable { name, quoted }
            }
            (Some(next), _) if next.is_ascii_digit() || b"@*".contains(&next) => {
                self.at += 2;
                let name = vec![next];
                Part::Variable { name, quoted }
            }
            (Some(b'?' | b'#' | b'$' | b'!' | b'-'), _) => {
                self.at += 2;
                Part::Unknown
            }
            _ => {
                self.at += 1;
                return word.push(Unit::Byte(b'$'), quoted);
            }
        };
        word.parts.push(part);
    }

    fn skip_arithmetic(&mut self) {
        let mut depth = 0;
        while self.at < self.units.len() {
            match self.byte(0) {
                Some(b'(') => depth += 1,
                Some(b')') => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 && self.byte(0) != Some(b'(') {
                break;
            }
        }
    }

    /// `${NAME}`, with whatever follows the name.
    fn parameter(&mut self, quoted: bool) -> Part {
        self.at += 2;
        let rest = &self.units[self.at..];
        let mut name = name(rest);
        if name.is_empty() {
            let digits = rest.iter().map_while(|unit| unit.byte());
            name = digits.take_while(u8::is_ascii_digit).collect();
        }
        let mut depth = 1;
        while depth > 0 && self.at < self.units.len() {
            match self.byte(0) {
                Some(b'{') => depth += 1,
                Some(b'}') => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
        match name.is_empty() {
            true => Part::Unknown,
            false => Part::Variable { name, quoted },
        }
    }
}

/// The identifier at the start.
pub(super) fn name(units: &[Unit]) -> Vec<u8> {
    let bytes = units.iter().map_while(|unit| unit.byte());
    let name: Vec<u8> = bytes
        .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
        .collect();
    match name.first() {
        Some(first) if !first.is_ascii_digit() => name,
        _ => Vec::new(),
    }
}

impl Word {
    fn push(&mut self, unit: Unit, quoted: bool) {
        self.begun = true;
        self.parts.push(Part::Literal { unit, quoted });
    }

    fn open_quote(&mut self) {
        self.begun = true;
        self.quoted = true;
    }

    fn end(&mut self, out: &mut Vec<Token>) {
        if self.begun {
            out.push(Token::Word(std::mem::take(self)));
        }
    }

    /// The number before a redirection.
    fn descriptor(&self) -> Option<Vec<u8>> {
        let digits: Option<Vec<u8>> = self.parts.iter().map(Part::digit).collect();
        digits.filter(|digits| !digits.is_empty())
    }

    /// The text without quotes, if the shell expands nothing in it.
    pub(super) fn literal(&self) -> Option<Vec<u8>> {
        let bytes = self.parts.iter().map(|part| match part {
            Part::Literal { unit, .. } => unit.byte(),
            _ => None,
        });
        bytes.collect()
    }
}

impl Part {
    fn digit(&self) -> Option<u8> {
        match self {
            Part::Literal {
                unit: Unit::Byte(byte),
                quoted: false,
            } => Some(*byte).filter(u8::is_ascii_digit),
            _ => None,
        }
    }
}
