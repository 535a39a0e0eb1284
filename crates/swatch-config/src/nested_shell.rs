//! Commands that give a script to a second shell: `sh -c "…"`, `eval …`, `ssh HOST …`.
//!
//! The engine quotes log text in such a script for both shells, and the parser refuses log text in
//! shell code anywhere else. Both read this table, so that they agree on the places.

/// The way in which a command passes a script to a shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NestedShell {
    /// The word after an option `-c` is a script.
    Option,
    /// Every word is part of a script. Only the first word of a command can be its name.
    Words,
    /// After its options and a host, every word is part of a script for the shell there. Only the
    /// first word of a command can be its name.
    Ssh,
}

impl NestedShell {
    /// The way of a command, by the last part of its path.
    pub fn of(name: &[u8]) -> Option<Self> {
        match name {
            b"sh" | b"bash" | b"dash" | b"ash" | b"ksh" | b"zsh" | b"su" | b"runuser"
            | b"script" | b"flock" => Some(Self::Option),
            b"eval" | b"watch" => Some(Self::Words),
            b"ssh" => Some(Self::Ssh),
            _ => None,
        }
    }
}

/// Returns true for a command after which the name of another one follows, and for its options
/// and numbers (`nice -n 5`, `timeout 10`).
pub fn is_wrapper(word: &[u8]) -> bool {
    match word {
        b"sudo" | b"doas" | b"nohup" | b"exec" | b"env" | b"nice" | b"timeout" | b"setsid"
        | b"command" | b"xargs" | b"time" => true,
        [first, ..] => *first == b'-' || first.is_ascii_digit(),
        [] => false,
    }
}

/// Returns true for `-c`, also in a bundle such as `-lc`, and for `--command`.
pub fn is_script_option(word: &[u8]) -> bool {
    let bundle = matches!(word, [b'-', letters @ ..]
        if letters.contains(&b'c') && letters.iter().all(u8::is_ascii_alphabetic));
    bundle || word == b"--command"
}

/// Returns true for an option of OpenSSH's client whose value is the next word.
pub fn is_ssh_option_with_value(word: &[u8]) -> bool {
    matches!(word, [b'-', letter] if b"BbcDEeFIiJLlmOopQRSWw".contains(letter))
}
