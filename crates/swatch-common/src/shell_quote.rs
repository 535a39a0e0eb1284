//! Words quoted for `sh`.
//!
//! Single quotes are the only quoting in which every shell of the Bourne family reads every byte
//! as itself; a single quote in the word becomes `'\''`. Words that need no quotes get none, so
//! that the commands in messages read as one would type them. (`shlex` quotes `--set=x` and
//! `key:value` as well, and switches between two styles of quotes within a word.)

use std::borrow::Cow;

/// One word, quoted only where it must be.
///
/// The result is one word for the shell whatever the input, but a NUL byte, which no argument
/// can hold, is passed through.
#[must_use]
pub fn word(word: &str) -> Cow<'_, str> {
    if is_plain(word.as_bytes()) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

/// Words joined by spaces, each quoted as by [`word`].
#[must_use]
pub fn join<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> String {
    let mut out = String::new();
    for (number, each) in words.into_iter().enumerate() {
        if number > 0 {
            out.push(' ');
        }
        out.push_str(&word(each.as_ref()));
    }
    out
}

/// Appends a word in single quotes, always.
pub fn push_quoted(out: &mut Vec<u8>, word: &[u8]) {
    out.push(b'\'');
    push_within_quotes(out, word);
    out.push(b'\'');
}

/// Appends text for a place between single quotes that stand there already.
pub fn push_within_quotes(out: &mut Vec<u8>, text: &[u8]) {
    for &byte in text {
        match byte {
            b'\'' => out.extend_from_slice(br"'\''"),
            _ => out.push(byte),
        }
    }
}

/// True if no character has a meaning to a shell. `NAME=…` is not plain: in front of a command
/// it would be an assignment.
fn is_plain(word: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./:,+@%=".contains(byte);
    let name = word
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
        .count();
    let assignment = name > 0 && word.get(name) == Some(&b'=');
    !word.is_empty() && word.iter().all(plain) && !assignment
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_words_stay_as_they_are() {
        for plain in [
            "-A",
            "--set=x",
            "203.0.113.9/32",
            "2001:db8::1",
            "a,b+c@d%e_f",
        ] {
            assert_eq!(word(plain), plain);
        }
    }

    #[test]
    fn other_words_are_quoted() {
        for (input, output) in [
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$(id)", "'$(id)'"),
            ("~root", "'~root'"),
            ("A=b", "'A=b'"),
            ("a\nb", "'a\nb'"),
            ("é", "'é'"),
        ] {
            assert_eq!(word(input), output);
        }
        assert_eq!(join(["a b", "-c"]), "'a b' -c");
    }

    /// Compared with what `sh` makes of them.
    #[test]
    fn a_shell_reads_each_word_as_it_was() {
        let words = [
            "",
            "A=b",
            "$x `id` \"q\" 'q' \\",
            "a\n\tb",
            "*",
            "~",
            "#x",
            "-n",
            "!",
        ];
        let script = format!("printf '%s\\0' {}", join(words));
        let output = std::process::Command::new("/bin/sh")
            .args(["-c", &script])
            .output()
            .expect("sh is everywhere");
        let read: Vec<&[u8]> = output.stdout.split(|&b| b == 0).collect();
        let mut expected: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        expected.push(b"");
        assert_eq!(read, expected);
    }

    proptest! {
        #[test]
        fn splitting_gives_the_words_back(words in proptest::collection::vec("[^\0]*", 0..5)) {
            prop_assert_eq!(shlex::split(&join(&words)), Some(words.clone()));
            let mut bytes = Vec::new();
            for word in &words {
                push_quoted(&mut bytes, word.as_bytes());
                bytes.push(b' ');
            }
            let text = String::from_utf8(bytes).expect("quoting keeps UTF-8");
            prop_assert_eq!(shlex::split(&text), Some(words));
        }
    }
}
