//! Tokens of a condition.

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_while, take_while1};
use nom::character::complete::{char, digit1, one_of};
use nom::combinator::{map, map_opt, opt, recognize, value};
use nom::sequence::{pair, preceded};
use nom::{IResult, Parser as _};

use crate::ast::{CompareOp, Number};
use crate::lines::located::{is_space, is_word};

/// An infix operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `or`, `||`, with the binding power.
    Or(u8),
    /// `and`, `&&`.
    And(u8),
    /// `xor`, `^^`.
    Xor(u8),
    /// `,`.
    Comma,
    /// A comparison.
    Compare(CompareOp),
    /// `=~`, and `!~` if true.
    Bind(bool),
    /// An operator that only Perl evaluates.
    Perl(&'static str),
}

/// Binding powers, as Perl's table of precedence has them.
pub(super) mod power {
    /// `or`, `xor`.
    pub(crate) const OR_WORD: u8 = 1;
    /// `and`.
    pub(crate) const AND_WORD: u8 = 2;
    /// `not`.
    pub(crate) const NOT_WORD: u8 = 3;
    /// `,`.
    pub(crate) const COMMA: u8 = 4;
    /// `||`.
    pub(crate) const OR: u8 = 5;
    /// `&&`.
    pub(crate) const AND: u8 = 6;
    /// `==`, `eq` …
    pub(crate) const EQUAL: u8 = 7;
    /// `<`, `lt` …
    pub(crate) const LESS: u8 = 8;
    /// `=~`.
    pub(crate) const BIND: u8 = 9;
    /// `!`.
    pub(crate) const NOT: u8 = 10;
}

impl Operator {
    /// The binding power.
    pub(super) fn power(self) -> u8 {
        use CompareOp::*;
        match self {
            Operator::Or(power) | Operator::And(power) | Operator::Xor(power) => power,
            Operator::Comma => power::COMMA,
            Operator::Compare(NumEq | NumNe | StrEq | StrNe) => power::EQUAL,
            Operator::Compare(_) => power::LESS,
            Operator::Bind(_) => power::BIND,
            Operator::Perl(_) => u8::MAX,
        }
    }
}

/// Skips spaces.
pub(super) fn spaces(text: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while(is_space).parse(text)
}

/// A word of letters, digits and `_`.
pub(super) fn word(text: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while1(is_word).parse(text)
}

/// The operator at the start of some text.
pub(super) fn operator(text: &[u8]) -> IResult<&[u8], Operator> {
    alt((word_operator, long_operator, short_operator)).parse(text)
}

fn word_operator(text: &[u8]) -> IResult<&[u8], Operator> {
    use CompareOp::*;
    map_opt(word, |word| {
        Some(match word {
            b"or" => Operator::Or(power::OR_WORD),
            b"and" => Operator::And(power::AND_WORD),
            b"xor" => Operator::Xor(power::OR_WORD),
            b"eq" => Operator::Compare(StrEq),
            b"ne" => Operator::Compare(StrNe),
            b"lt" => Operator::Compare(StrLt),
            b"le" => Operator::Compare(StrLe),
            b"gt" => Operator::Compare(StrGt),
            b"ge" => Operator::Compare(StrGe),
            b"cmp" => Operator::Perl("the operator `cmp`"),
            b"x" => Operator::Perl("the operator `x`"),
            b"isa" => Operator::Perl("the operator `isa`"),
            _ => return None,
        })
    })
    .parse(text)
}

fn long_operator(text: &[u8]) -> IResult<&[u8], Operator> {
    use CompareOp::*;
    alt((
        value(Operator::Perl("the operator `<=>`"), tag(&b"<=>"[..])),
        value(
            Operator::Perl("an assignment"),
            alt((
                tag(&b"||="[..]),
                tag(&b"&&="[..]),
                tag(&b"//="[..]),
                tag(&b"**="[..]),
                tag(&b".="[..]),
                tag(&b"+="[..]),
                tag(&b"-="[..]),
                tag(&b"*="[..]),
            )),
        ),
        value(Operator::Or(power::OR), tag(&b"||"[..])),
        // Since Perl 5.40.
        value(Operator::Xor(power::OR), tag(&b"^^"[..])),
        value(Operator::And(power::AND), tag(&b"&&"[..])),
        value(Operator::Bind(false), tag(&b"=~"[..])),
        value(Operator::Bind(true), tag(&b"!~"[..])),
        value(Operator::Compare(NumEq), tag(&b"=="[..])),
        value(Operator::Compare(NumNe), tag(&b"!="[..])),
        value(Operator::Compare(NumLe), tag(&b"<="[..])),
        value(Operator::Compare(NumGe), tag(&b">="[..])),
        value(
            Operator::Perl("a shift"),
            alt((tag(&b"<<"[..]), tag(&b">>"[..]))),
        ),
        value(Operator::Perl("the operator `++`"), tag(&b"++"[..])),
        value(Operator::Perl("the operator `--`"), tag(&b"--"[..])),
        value(
            Operator::Perl("the operator `//`"),
            preceded(tag(&b"//"[..]), tag(&b" "[..])),
        ),
        value(Operator::Perl("a range"), tag(&b".."[..])),
        value(
            Operator::Perl("an arrow"),
            alt((tag(&b"->"[..]), tag(&b"=>"[..]))),
        ),
    ))
    .parse(text)
}

fn short_operator(text: &[u8]) -> IResult<&[u8], Operator> {
    use CompareOp::*;
    alt((
        value(Operator::Compare(NumLt), char('<')),
        value(Operator::Compare(NumGt), char('>')),
        value(Operator::Comma, char(',')),
        value(Operator::Perl("a choice with `?`"), char('?')),
        value(Operator::Perl("an assignment"), char('=')),
        // An arithmetic operator needs a number or variable after it: a `/` here is
        // far more often the start of a pattern after a missing operator.
        value(
            Operator::Perl("arithmetic"),
            pair(one_of("+-*/%.&|^"), arithmetic_operand),
        ),
    ))
    .parse(text)
}

fn arithmetic_operand(text: &[u8]) -> IResult<&[u8], char> {
    preceded(spaces, one_of("0123456789$(-.\"'")).parse(text)
}

/// A Perl number.
pub(super) fn number(text: &[u8]) -> IResult<&[u8], Number> {
    alt((
        radix("0x", 16, |b| b.is_ascii_hexdigit() || b == b'_'),
        radix("0b", 2, |b| matches!(b, b'0' | b'1' | b'_')),
        octal,
        decimal,
    ))
    .parse(text)
}

fn radix<'a>(
    prefix: &'static str,
    base: u32,
    accept: fn(u8) -> bool,
) -> impl nom::Parser<&'a [u8], Output = Number, Error = nom::error::Error<&'a [u8]>> {
    map_opt(
        preceded(tag_no_case(prefix.as_bytes()), take_while1(accept)),
        move |digits: &[u8]| integer(digits, base),
    )
}

fn octal(text: &[u8]) -> IResult<&[u8], Number> {
    let digits = take_while1(|b: u8| (b'0'..=b'7').contains(&b) || b == b'_');
    map_opt(preceded(char('0'), digits), |digits| integer(digits, 8)).parse(text)
}

fn integer(digits: &[u8], base: u32) -> Option<Number> {
    let digits: String = digits
        .iter()
        .filter(|&&b| b != b'_')
        .map(|&b| b as char)
        .collect();
    u64::from_str_radix(&digits, base)
        .ok()
        .map(|value| Number::from_integer(value.into()))
}

fn decimal(text: &[u8]) -> IResult<&[u8], Number> {
    let whole = || take_while1(|b: u8| b.is_ascii_digit() || b == b'_');
    // `1..2` is a range, not a fraction.
    let fraction = pair(char('.'), take_while(|b: u8| b.is_ascii_digit()));
    let exponent = (one_of("eE"), opt(one_of("+-")), digit1);
    let leading = recognize((pair(digit1, opt(whole())), opt(fraction), opt(exponent)));
    let pointed = recognize((char('.'), digit1));
    map_opt(alt((leading, pointed)), |text: &[u8]| {
        let text: String = text
            .iter()
            .filter(|&&b| b != b'_')
            .map(|&b| b as char)
            .collect();
        match text.parse::<u64>() {
            Ok(value) => Some(Number::from_integer(value.into())),
            Err(_) => text.parse().ok().map(Number::Float),
        }
    })
    .parse(text)
}

/// The name of a quote-like operator (`m`, `qr`, `q` …) and the white space after it.
pub(super) fn quote_word(text: &[u8]) -> IResult<&[u8], (&[u8], &[u8])> {
    map(pair(word, spaces), |(word, spaces)| (word, spaces)).parse(text)
}
