//! The body of a rule: actions, throttle, threshold, continue, quit.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;

/// The body of a `watchfor`.
#[derive(Debug, Clone)]
pub(super) struct Actions {
    actions: Vec<Action>,
    throttle: Option<(Option<u32>, bool, Key)>,
    threshold: Option<(&'static str, u32, Key)>,
    go_on: bool,
    quit: bool,
}

/// The key that distinguishes messages.
#[derive(Debug, Clone, Copy)]
enum Key {
    Same,
    FirstGroup,
    Line,
}

#[derive(Debug, Clone)]
enum Action {
    Echo(&'static str),
    Exec(Vec<Word>, bool),
    Pipe(Vec<Word>, bool),
    Mail(&'static str, Vec<Word>),
    Write(&'static str),
    Bell,
}

/// A word of a command: as written in rules with captures, and in rules without.
#[derive(Debug, Clone)]
struct Word(&'static str, &'static str);

impl Actions {
    /// The lines of the body of rule `n`. Throttle keys and threshold trackers carry the
    /// number because the original shares them between all rules (a bug).
    pub(super) fn text(&self, n: usize, captures: bool) -> String {
        let mut out = String::new();
        if let Some((threshold, hold, key)) = &self.throttle {
            let mut options = Vec::new();
            if *hold || threshold.is_none() {
                options.push("5:00".to_owned());
            }
            options.extend(threshold.map(|t| format!("threshold={t}")));
            options.push(format!("key=t{n}{}", key.text(captures)));
            out.push_str(&format!("\tthrottle {}\n", options.join(",")));
        }
        for action in &self.actions {
            out.push_str(&format!("\t{}\n", action.text(captures)));
        }
        if let Some((kind, count, key)) = &self.threshold {
            let key = key.text(captures);
            out.push_str(&format!(
                "\tthreshold track_by=c{n}{key},type={kind},count={count},seconds=3600\n"
            ));
        }
        if self.go_on {
            out.push_str("\tcontinue\n");
        }
        if self.quit {
            out.push_str("\tquit\n");
        }
        out
    }
}

impl Key {
    fn text(self, captures: bool) -> &'static str {
        match self {
            Key::FirstGroup if captures => "$1",
            Key::Line => "$_",
            _ => "",
        }
    }
}

impl Action {
    fn text(&self, captures: bool) -> String {
        let words = |list: &[Word]| -> String {
            let words: Vec<&str> = list
                .iter()
                .map(|w| if captures { w.0 } else { w.1 })
                .collect();
            words.join(" ")
        };
        match self {
            Action::Echo(modes) => format!("echo {modes}"),
            Action::Exec(list, true) => format!("exec=rec {}", words(list)),
            Action::Exec(list, false) => format!("exec rec {}", words(list)),
            Action::Pipe(list, true) => format!("pipe \"recin {}\"", words(list)),
            Action::Pipe(list, false) => format!("pipe recin {}", words(list)),
            Action::Mail(to, subject) => {
                format!("mail addresses={to},subject=about {} end", words(subject))
            }
            Action::Write(users) => format!("write {users}"),
            Action::Bell => "bell 1".to_owned(),
        }
    }
}

pub(super) fn actions() -> impl Strategy<Value = Actions> {
    let key = || prop::sample::select(&[Key::Same, Key::FirstGroup, Key::Line][..]);
    let throttle = (weighted(0.5, 2u32..5), any::<bool>(), key());
    let kind = prop::sample::select(&["limit", "threshold", "both"][..]);
    let threshold = (kind, 1u32..5, key());
    (
        vec(action(), 1..4),
        weighted(0.15, throttle),
        weighted(0.15, threshold),
        prop::bool::weighted(0.6),
        prop::bool::weighted(0.02),
    )
        .prop_map(|(actions, throttle, threshold, go_on, quit)| Actions {
            actions,
            throttle,
            threshold,
            go_on,
            quit,
        })
}

fn action() -> impl Strategy<Value = Action> {
    let modes = [
        "normal",
        "red",
        "bold",
        "bold,red",
        "green on_blue",
        "blink, yellow",
        "underscore",
    ];
    let echo = prop::sample::select(modes.to_vec()).prop_map(Action::Echo);
    let to = prop::sample::select(&["root", "root:joe", "me@example.org"][..]);
    // A subject is a Perl string, not a command: no shell quotes, no `$0`, no `\$`.
    let subject = prop::sample::select(
        &[
            ("$1", "one"),
            ("$2-$1", "two"),
            ("$_", "$_"),
            ("plain", "plain"),
            ("${1}x", "x"),
        ][..],
    )
    .prop_map(|(a, b)| Word(a, b));
    prop_oneof![
        4 => echo,
        5 => (vec(command_word(), 0..5), any::<bool>()).prop_map(|(w, e)| Action::Exec(w, e)),
        2 => vec(command_word(), 0..4).prop_map(|w| Action::Pipe(w, false)),
        // Quotes around the whole command: only without quotes inside.
        1 => vec(bare_word(), 0..3).prop_map(|w| Action::Pipe(w, true)),
        1 => (to, vec(subject, 1..3)).prop_map(|(to, s)| Action::Mail(to, s)),
        1 => prop::sample::select(&["root", "root:joe"][..]).prop_map(Action::Write),
        1 => Just(Action::Bell),
    ]
}

fn bare_word() -> impl Strategy<Value = Word> {
    let words: &[(&str, &str)] = &[
        ("$1", "one"),
        ("$2", "two"),
        ("$3", "three"),
        ("$1-$2", "a-b"),
        ("${1}x", "x"),
        ("x$1", "x"),
        ("$_", "$_"),
        ("$0", "$0"),
        ("$*", "$*"),
        ("plain", "plain"),
        ("-o", "-o"),
        ("a:b", "a:b"),
        ("user@host", "user@host"),
        ("50%", "50%"),
    ];
    prop::sample::select(words).prop_map(|(a, b)| Word(a, b))
}

/// Words containing quotes come before a plain one: the original takes quotes at the end of the
/// command for quotes around all of it (a bug).
fn command_word() -> impl Strategy<Value = Word> {
    let quoted: &[(&str, &str)] = &[
        ("\"$1\" z", "\"a b\" z"),
        ("'$1' z", "'a b' z"),
        ("\"$1 and $2\" z", "\"$_\" z"),
        ("\"$_\" z", "\"$_\" z"),
        ("'$_' z", "'$_' z"),
        ("\\$1", "\\$1"),
        ("\"$0\" z", "\"$0\" z"),
    ];
    prop_oneof![
        3 => bare_word(),
        1 => prop::sample::select(quoted).prop_map(|(a, b)| Word(a, b)),
    ]
}
