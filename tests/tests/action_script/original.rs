//! The script's side: the events, a run of the script with recorders, and its recording.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use swatch_tests::action::{Sandbox, err, feed};

/// One event: the command-line arguments and the line on standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) words: String,
    pub(crate) line: String,
}

/// The effects of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    /// Standard output without the date.
    pub(crate) printed: String,
    /// The files that grew, with the line that each received.
    pub(crate) logged: Vec<String>,
    /// The programs that were run, in order, with their standard input.
    pub(crate) calls: Vec<String>,
}

/// A fixed list of events of all kinds: fields, whitespace, shell characters, private networks,
/// counts beyond three.
pub(crate) fn events() -> Vec<Given> {
    let mut number = 1_u64;
    let mut pick = |below: usize| {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(number >> 33).expect("31 bits") % below
    };
    let addresses = [
        "203.0.113.9",
        "203.0.113.9",
        "198.51.100.7",
        "192.0.2.1",
        "192.0.2.200",
        "203.0.113.77",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "172.32.0.1",
        "192.168.1.1",
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "169.254.1.1",
        "224.0.0.1",
        "255.255.255.255",
        "203.0.113.999",
        "300.1.1.1",
        "1.2.3",
        "host.example.net",
        "",
    ];
    let shapes: [(&str, &str); 16] = [
        ("10", "Nov 22 20:00:00 box sshd[7]: Invalid user bob from %"),
        (
            "10",
            "Nov  2 20:00:00 box sshd[7]: Invalid user bob from % port 4711",
        ),
        (
            "7",
            "Nov 22 20:00:00 box named[9]: client %#4711: query denied",
        ),
        (
            "7",
            "Nov 22 20:00:00   box\tnamed[9]:  client\t%#53:  query",
        ),
        (
            "12",
            "Sun Nov 22 20:00:00 2026 [pid 5] [bob] FAIL LOGIN: Client \"%\"",
        ),
        ("7-9", "a b c d e f g from % end"),
        ("1,3", "from ignored %"),
        ("2-", "x y::ffff:% z"),
        ("-2", "first % third"),
        ("3", "one (%) [%]"),
        ("1", "%: leading"),
        ("2", "user $(touch /run/pwned) %"),
        ("3", "user `id>/run/pwned` %; rm -rf /run/x"),
        ("4", "quotes \"two words\" %' '\"$HOME\" | & < > ~!id"),
        ("2", "backslash %\\tail \\n \\\\"),
        ("1", "%"),
    ];
    let mut all = Vec::new();
    for round in 0..150 {
        let (field, shape) = shapes[pick(shapes.len())];
        let address = addresses[pick(addresses.len())];
        let words = match pick(12) {
            0 | 1 => format!("{field} lock"),
            2 => format!("{field} Lock"),
            3 if round % 2 == 0 => "20".to_owned(),
            _ => field.to_owned(),
        };
        all.push(Given {
            words,
            line: shape.replace('%', address),
        });
    }
    all.extend(crate::forms::forms());
    all
}

/// Recorders for the programs that the script runs.
fn recorders(folder: &Path) {
    let scripts = [
        ("iptables", "echo \"iptables $*\" >> \"$REC/calls\""),
        (
            "at",
            "echo \"at $* <- $(cat | sed 's/ > .dev.null 2>&1$//')\" >> \"$REC/calls\"",
        ),
        ("whois", ":"),
        (
            "mail",
            "echo \"mail $3 $2 <- $(cat | tr '\\n' '|')\" >> \"$REC/calls\"",
        ),
        ("date", "echo DATE"),
    ];
    let sandbox = Sandbox::new();
    for (name, body) in scripts {
        sandbox.stand_in(name, &format!("#!/bin/sh\n{body}\n"));
        fs::copy(sandbox.path("bin").join(name), folder.join(name)).expect("a recorder");
    }
}

/// Runs the script on all events in its own mount namespace.
pub(crate) fn of_the_script(script: &Path, events: &[Given]) -> Vec<Effects> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let place = dir.path();
    for folder in ["bin", "run", "cwd"] {
        fs::create_dir(place.join(folder)).expect("a folder");
    }
    recorders(&place.join("bin"));
    for (number, event) in events.iter().enumerate() {
        fs::write(
            place.join(format!("run/{number}.line")),
            format!("{}\n", event.line),
        )
        .expect("a line");
        fs::write(place.join(format!("run/{number}.words")), &event.words).expect("words");
    }
    // The current directory is empty: the script expands `*` to file names.
    let drive = format!(
        "export REC={0}
         mount -t overlay overlay -o lowerdir=$REC/bin:/usr/bin /usr/bin
         mount -t tmpfs tmpfs /var/log; mkdir /var/log/swatch; cd $REC/cwd
         for n in $(seq 0 {1}); do
           : > $REC/calls; rm -rf $REC/before; cp -r /var/log/swatch $REC/before
           bash {2} $(cat $REC/run/$n.words) < $REC/run/$n.line > $REC/run/$n.out 2> /dev/null || :
           cp $REC/calls $REC/run/$n.calls
           diff -r -N $REC/before /var/log/swatch | sed -n 's/^diff .* .var.log.swatch./file /p; s/^> /line /p' > $REC/run/$n.log || :
         done",
        place.display(),
        events.len() - 1,
        script.display()
    );
    let mut command = Command::new("unshare");
    command.args([
        "--mount",
        "--net",
        "--propagation",
        "private",
        "sh",
        "-euc",
        &drive,
    ]);
    let output = feed(&mut command, b"");
    assert!(output.status.success(), "{}", err(&output));
    let read = |name: String| {
        String::from_utf8_lossy(&fs::read(place.join("run").join(name)).expect("an effect"))
            .into_owned()
    };
    (0..events.len())
        .map(|number| {
            let mut file = String::new();
            let mut logged = Vec::new();
            for line in read(format!("{number}.log")).lines() {
                match line.split_once(' ') {
                    Some(("file", name)) => name.clone_into(&mut file),
                    Some(("line", text)) => logged.push(format!("{file}: {text}")),
                    _ => {}
                }
            }
            Effects {
                printed: read(format!("{number}.out")).trim_end().to_owned(),
                logged,
                calls: read(format!("{number}.calls"))
                    .lines()
                    .map(str::to_owned)
                    .collect(),
            }
        })
        .collect()
}

pub(crate) fn recording() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("action/script.txt")
}

pub(crate) fn written(events: &[Given], effects: &[Effects]) -> String {
    let mut text = String::from(
        "# What the bash script did with each line; written by tests/action_script.rs.\n",
    );
    for (event, effect) in events.iter().zip(effects) {
        text.push_str(&format!("\nrun {}\nin {}\n", event.words, event.line));
        if !effect.printed.is_empty() {
            text.push_str(&format!("out {}\n", effect.printed));
        }
        let logged = effect.logged.iter().map(|line| format!("log {line}\n"));
        let calls = effect.calls.iter().map(|line| format!("call {line}\n"));
        text.extend(logged.chain(calls));
    }
    text
}

pub(crate) fn recorded() -> Vec<(Given, Effects)> {
    let text = fs::read_to_string(recording()).expect("the recording");
    let mut all: Vec<(Given, Effects)> = Vec::new();
    for line in text.lines() {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        if kind == "run" {
            let given = Given {
                words: rest.to_owned(),
                line: String::new(),
            };
            all.push((given, Effects::default()));
        }
        let Some((given, effects)) = all.last_mut() else {
            continue;
        };
        match kind {
            "in" => rest.clone_into(&mut given.line),
            "out" => rest.clone_into(&mut effects.printed),
            "log" => effects.logged.push(rest.to_owned()),
            "call" => effects.calls.push(rest.to_owned()),
            _ => {}
        }
    }
    all
}
