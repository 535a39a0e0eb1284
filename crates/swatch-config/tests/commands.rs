//! Commands: their end, their variables, and whether they need a shell.

mod common;

use common::read;
use swatch_config::ast::{Action, ActionKind, Command, Item, Piece, Template, Var};

fn only_action(text: &str) -> Action {
    let parsed = read(format!("watchfor /x/\n{text}\n").as_bytes());
    assert!(!parsed.has_errors(), "{text}: {:?}", parsed.diagnostics);
    let Some(Item::Rule(rule)) = parsed.config.items.first() else {
        panic!("{text}: no rule");
    };
    rule.actions[0].clone()
}

fn name(var: &Var) -> String {
    match var {
        Var::Group(number) => number.to_string(),
        Var::Whole => "0".into(),
        Var::Record => "_".into(),
        Var::Field(index) => format!("_{index}"),
        other => format!("{other:?}"),
    }
}

fn word(template: &Template) -> String {
    let show = |piece: &Piece| match piece {
        Piece::Text(text) => String::from_utf8_lossy(text).into_owned(),
        Piece::Var(var) => format!("<{}>", name(var)),
    };
    template.pieces.iter().map(show).collect()
}

/// `direct: word|word`, or `shell: text` with variables as `<1>`.
fn show(command: &Command) -> String {
    match command {
        Command::Direct(words) => {
            let words: Vec<String> = words.iter().map(word).collect();
            format!("direct: {}", words.join("|"))
        }
        Command::Shell(script) => format!("shell: {}", word(script)),
    }
}

fn exec(text: &str) -> String {
    match only_action(text).kind {
        ActionKind::Exec { command } => show(&command),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn commands_are_divided_and_quoted() {
    for (text, expected) in [
        ("exec rec a  b", "direct: rec|a|b"),
        ("exec\trec\ta", "direct: rec|a"),
        ("exec=rec a", "direct: rec|a"),
        ("exec =   rec a", "direct: rec|a"),
        ("exec rec $1 x$2y", "direct: rec|<1>|x<2>y"),
        ("exec rec $0/$*", "direct: rec|<0>/<0>"),
        ("exec rec ${1}x ${0} a$0b", "direct: rec|<1>x|<0>|a<0>b"),
        ("exec rec $10", "direct: rec|<10>"),
        ("exec rec \\'$1\\' x", "shell: rec '<1>' x"),
        ("exec \"rec \\'a b\\' $1\"", "shell: rec 'a b' <1>"),
        ("exec rec \"a\\'b\"", "shell: rec \"a'b\""),
        ("exec rec \\'a,when=b\\'", "shell: rec 'a,when=b'"),
        ("exec rec it\\'s", "shell: rec it\\'s"),
        ("exec rec 'a\\' $1", "shell: rec 'a\\' <1>"),
        ("exec rec \\\\'a b'", "shell: rec \\\\'a b'"),
        ("exec rec \"$1\" '$2' $3", "shell: rec \"<1>\" '<2>' <3>"),
        (
            "exec rec `echo $1` \"`x $2`\"",
            "shell: rec `echo <1>` \"`x <2>`\"",
        ),
        (
            "exec rec \"$(echo $1 \"$2\")\" $3",
            "shell: rec \"$(echo <1> \"<2>\")\" <3>",
        ),
        ("exec rec '$_[15]'", "shell: rec '<_15>'"),
        ("exec rec $_", "direct: rec|<_>"),
        ("exec rec $1->x", "shell: rec <1>->x"),
        ("exec $1 rec", "direct: <1>|rec"),
    ] {
        assert_eq!(exec(text), expected, "{text}");
    }
}

#[test]
fn the_end_of_a_command() {
    for (text, expected) in [
        ("exec rec a, rec b", "direct: rec|a,|rec|b"),
        ("exec rec a,", "direct: rec|a"),
        ("exec rec --name=value", "direct: rec|--name=value"),
        ("exec command=rec a=b c", "direct: rec|a=b|c"),
        ("exec command=rec \"a b\" c", "shell: rec \"a b\" c"),
        ("exec rec a,when=*:*", "direct: rec|a"),
        ("exec rec a , WHEN = *:*", "direct: rec|a"),
        ("exec rec \"a,when=*:*\"", "shell: rec \"a,when=*:*\""),
        ("exec rec http://h/?q=1&r=2", "shell: rec http://h/?q=1&r=2"),
        ("exec rec a # b", "direct: rec|a"),
        ("exec rec a #b", "direct: rec|a"),
        ("exec rec a#b", "direct: rec|a#b"),
        ("exec rec 'a # b'", "shell: rec 'a # b'"),
        ("exec \"rec a b\" # note", "direct: rec|a|b"),
        ("exec \"rec a # b\"", "direct: rec|a|#|b"),
    ] {
        assert_eq!(exec(text), expected, "{text}");
    }
}

#[test]
fn outer_quotation_marks() {
    for (text, expected) in [
        ("exec \"rec a, b\"", "direct: rec|a,|b"),
        ("exec 'rec a b'", "direct: rec|a|b"),
        ("exec \"rec\" x \"y\"", "shell: \"rec\" x \"y\""),
        ("exec \"rec '$1'\"", "shell: rec '<1>'"),
        ("exec \"sh -c \"a b\" x\"", "shell: sh -c \"a b\" x"),
        ("exec \"rec \\\"a b\\\" $1\"", "shell: rec \"a b\" <1>"),
        ("exec rec \\\"a\\\"", "shell: rec \\\"a\\\""),
        ("exec \"rec a b'", "shell: \"rec a b'"),
    ] {
        assert_eq!(exec(text), expected, "{text}");
    }
}

#[test]
fn backslashes_and_dollars() {
    for (text, expected) in [
        ("exec rec \\$1 \\$0 \\$\\*", "shell: rec $1 $0 $*"),
        ("exec rec \"\\$HOME\" '\\$1'", "shell: rec \"$HOME\" '$1'"),
        (
            "exec A=1 sh -c \"rec \\$A\"",
            "shell: A=1 sh -c \"rec \\$A\"",
        ),
        ("exec rec 'a\\wb\\.c\\\\'", "shell: rec 'a\\wb\\.c\\\\'"),
        ("exec rec a\\@b c@d @_", "direct: rec|a@b|c@d|@_"),
        (
            "exec rec $HOME ${X:-y} $(a) $((1+1)) $ cost$",
            "shell: rec $HOME ${X:-y} $(a) $((1+1)) $ cost$",
        ),
        ("exec rec $ENV{WORD}/x", "direct: rec|from-env/x"),
        ("exec awk '{print \\$2}'", "shell: awk '{print $2}'"),
        ("exec rec @{[ 6*7 ]}", "shell: rec @{[ 6*7 ]}"),
        ("exec A=1 rec", "shell: A=1 rec"),
        ("exec rec %d 100% a^b", "direct: rec|%d|100%|a^b"),
    ] {
        assert_eq!(exec(text), expected, "{text}");
    }
}

#[test]
fn constants_are_pasted() {
    let text = "perlcode 0 my $to = 'a\\@b'; my $cmd = \"rec 'x y'\";\nwatchfor /x/\nexec $cmd $to $other\n";
    let parsed = read(text.as_bytes());
    let Some(Item::Rule(rule)) = parsed.config.items.get(1) else {
        panic!("{:?}", parsed.diagnostics);
    };
    let ActionKind::Exec { command } = &rule.actions[0].kind else {
        panic!("{rule:?}");
    };
    assert_eq!(show(command), "shell: rec 'x y' a@b $other");
}

#[test]
fn pipes_stay_open_on_demand() {
    for (text, open) in [
        ("pipe rec x", false),
        ("pipe rec x,keep_open", true),
        ("pipe rec x, KEEP_OPEN=1", true),
        ("pipe rec x,keep_open=0", false),
        ("pipe \"rec x\",keep_open=1,when=*:*", true),
        ("pipe rec x,MESSAGE=$_\\n,KEEP_OPEN=1", true),
    ] {
        let ActionKind::Pipe { command, keep_open } = only_action(text).kind else {
            panic!("{text}");
        };
        assert_eq!(keep_open, open, "{text}");
        assert_eq!(show(&command), "direct: rec|x", "{text}");
    }
    let message = only_action("pipe rec x,MESSAGE=$_\\n,KEEP_OPEN=1").message;
    assert_eq!(word(&message.expect("a message")), "<_>\n");
}
