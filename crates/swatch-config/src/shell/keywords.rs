//! Reserved words of a shell.

use super::lexer::{Token, Word};

/// The end of a list of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Script,
    Bracket,
    Word(&'static [u8]),
    /// `esac`. `;;` is treated as `;`; a pattern is a word before a `)`.
    Case,
}

pub(super) fn plain(word: &Word) -> Option<Vec<u8>> {
    word.literal().filter(|_| !word.quoted)
}

/// The end of the compound command that a word begins.
pub(super) fn compound(word: &Word) -> Option<&'static [u8]> {
    Some(match plain(word)?.as_slice() {
        b"{" => b"}",
        b"while" | b"until" | b"for" | b"select" => b"done",
        b"if" => b"fi",
        b"case" => b"esac",
        _ => return None,
    })
}

/// Words before a command that do not matter here.
pub(super) fn is_filler(word: &Word) -> bool {
    plain(word).is_some_and(|word| {
        matches!(
            word.as_slice(),
            b"then" | b"else" | b"elif" | b"do" | b"!" | b"done" | b"fi" | b"esac" | b"}"
        )
    })
}

pub(super) fn ends(word: &Word, end: End) -> bool {
    match (end, plain(word)) {
        (End::Word(end), Some(word)) => word == end,
        (End::Case, Some(word)) => word == b"esac",
        _ => false,
    }
}

/// Words before a `)`, separated by `|`.
pub(super) fn is_pattern(tokens: &[Token]) -> bool {
    let end = tokens
        .iter()
        .position(|token| !matches!(token, Token::Word(_) | Token::Pipe));
    let words = end.map_or(tokens, |end| &tokens[..end]);
    let closed = end.is_some_and(|end| matches!(tokens[end], Token::Close));
    closed
        && words
            .windows(2)
            .all(|pair| matches!(pair, [_, Token::Pipe] | [Token::Pipe, _]))
}

/// An unquoted word of this text.
pub(super) fn is_plain(word: &Word, text: &[u8]) -> bool {
    plain(word).is_some_and(|word| word == text)
}

/// Moves past the next unquoted word of this text, or to the end.
pub(super) fn skip_past(tokens: &[Token], at: &mut usize, text: &[u8]) {
    while let Some(token) = tokens.get(*at) {
        *at += 1;
        if matches!(token, Token::Word(word) if is_plain(word, text)) {
            break;
        }
    }
}
