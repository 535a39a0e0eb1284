//! Log text belongs to the attacker: whatever it contains, swatch-rs and swatch-action run no
//! command from it, create no unexpected file, and lock nobody else.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

use swatch_tests::deployment::{ATTACKER, Deployment, OTHER, wait_long};
use swatch_tests::machine::allowed;

const PROGRAMS: &[&str] = &["iptables", "at", "flock"];

/// Every position in a shell command where text can occur, and a mail header.
const CONF: &str = r#"
watchfor /Invalid user (.*) from/s
    echo
    exec printf %s@ $1 >> /var/out/bare
    exec printf %s@ "$1" >> /var/out/double
    exec printf %s@ '$1' >> /var/out/single
    exec printf %s@ pre'fi'x:$1:"suffix" >> /var/out/joined
    exec printf %s@ $(printf %s $1) >> /var/out/substituted
    pipe tr -d '\000' | wc -c >> /var/out/sizes
    mail addresses=root,mailer=/usr/local/bin/keep-mail,subject=seen $1
"#;

/// Hostile user names. `CANARY` becomes a new path each time.
const PAYLOADS: &[&str] = &[
    "$(touch CANARY)",
    "`touch CANARY`",
    ";touch CANARY;",
    "; touch CANARY #",
    "&& touch CANARY",
    "|| touch CANARY",
    "| touch CANARY",
    "& touch CANARY &",
    "> CANARY",
    ">>CANARY",
    "< /etc/passwd > CANARY",
    "';touch CANARY;'",
    "\";touch CANARY;\"",
    "'\"'\"';touch CANARY;'\"'\"'",
    "\\';touch CANARY;\\'",
    "\\\";touch CANARY;\\\"",
    "\\",
    "\\\\\\",
    "'",
    "\"",
    "$(",
    "`",
    "${x:-$(touch CANARY)}",
    "$((`touch CANARY`))",
    "$'\\x3btouch CANARY'",
    "$IFS$9touch${IFS}CANARY",
    "$1 $0 $* $@ $$ $!",
    "{touch,CANARY}",
    "~root ~!touch CANARY",
    "~!touch CANARY",
    "!touch CANARY",
    "\u{1b}]0;touch CANARY\u{7}\u{1b}[2J\u{9b}31m",
    "\u{1b}[8m; touch CANARY",
    "\r; touch CANARY\r",
    "\rBcc: evil@example.com\r",
    "\0; touch CANARY\0",
    "\u{202e}; touch CANARY",
    "\u{2028}; touch CANARY",
    "\t;\ttouch\tCANARY",
    "* ? [a-z]* /etc/*",
    "%s%n%x %(touch CANARY)",
    "@{[`touch CANARY`]} @ARGV $ENV{PATH}",
    "../../../../../../CANARY",
    "a b ../../../../../../CANARY",
    "a b ../../../../../../CANARY/198.51.100.7",
    "a b 198.51.100.7/../../../../CANARY",
    "a b 198.51.100.7;touch CANARY;",
    "a b 198.51.100.7 from 198.51.100.7 port 22",
    "a b 198.51.100.7",
    "a b 198.51.100.7\u{1b}[2K",
    "a b -198.51.100.7 -j ACCEPT",
    "a b --help",
    "--",
    "-oProxyCommand=touch CANARY",
    "a b 0.0.0.0/0",
    "a b 0.0.0.0",
    "from 198.51.100.7 port 22 ssh2: RSA",
];

/// Lines of no known format in which field 10 is not an address.
const SHAPELESS: &[&str] = &[
    "1 2 3 4 sshd Invalid user 8 9 $(touch CANARY)",
    "1 2 3 4 sshd Invalid user 8 9 ;touch${IFS}CANARY;",
    "1 2 3 4 sshd Invalid user 8 9 ../../../../CANARY",
    "1 2 3 4 sshd Invalid user 8 9 256.51.100.7",
    "1 2 3 4 sshd Invalid user 8",
    "1 2 3 4 sshd Invalid user 8 9 \u{1b}[1m",
    "sshd Invalid user",
];

/// Every file below a directory, by relative path.
fn tree(root: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path.clone());
            }
            found.insert(
                path.strip_prefix(root)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned(),
            );
        }
    }
    found
}

fn line(n: usize, user: &str) -> String {
    format!(
        "Nov 22 18:00:01 gate sshd[{n}]: Invalid user {user} from {ATTACKER} port {}",
        1024 + n
    )
}

/// A deployment in which `CONF` and `secure.conf` watch the same log.
fn start(options: &str) -> (Deployment, BTreeSet<String>) {
    let deployment = Deployment::new();
    let gate = &deployment.gate;
    gate.write("/etc/swatch/hostile.conf", CONF);
    fs::create_dir(gate.path("/var/out")).unwrap();
    fs::create_dir(gate.path("/var/canary")).unwrap();
    deployment.watch("secure", "/var/log/secure");
    let command = format!(
        "exec swatch-rs -c /etc/swatch/hostile.conf -t /var/log/secure {options} --daemon \
         --pid-file /run/hostile.pid >> /var/log/swatch/swatch.log 2>&1"
    );
    gate.said(&["sh", "-c", &command]);
    wait_long("the second watcher", || {
        !gate.read("/run/hostile.pid").is_empty()
    });
    let before = tree(&gate.path("/"));
    (deployment, before)
}

fn append(deployment: &Deployment, bytes: &[u8]) {
    let log = deployment.gate.path("/var/log/secure");
    fs::File::options()
        .append(true)
        .open(log)
        .unwrap()
        .write_all(bytes)
        .unwrap();
}

/// Checks that only expected files were created and that only the attacker was locked.
fn expect_harmless(deployment: &Deployment, before: &BTreeSet<String>) {
    let gate = &deployment.gate;
    // Its lines, and their number where they are many.
    let ours = [
        format!("var/log/swatch/{ATTACKER}"),
        "var/log/swatch/.lines".to_owned(),
        format!("var/log/swatch/.lines/{ATTACKER}"),
    ];
    let places = [
        "var/lib/swatch",
        "var/out/",
        "var/mail/",
        "var/spool/cron/atjobs/",
        "run/",
        "dev/",
        "tmp",
    ];
    let after = tree(&gate.path("/"));
    let strange: Vec<&String> = after
        .difference(before)
        .filter(|path| !ours.contains(path) && !places.iter().any(|place| path.starts_with(place)))
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
    assert!(
        !after.iter().any(|path| path.contains("canary/")),
        "{after:?}"
    );
    assert!(!Path::new("/canary").exists());
    assert_eq!(
        deployment.rules(),
        [format!("-A INPUT -s {ATTACKER}/32 -j DROP")]
    );
    assert!(!after.contains(&format!("var/log/swatch/{OTHER}")));
    for mail in deployment.mails() {
        let (head, _) = mail.split_once("\n\n").expect("a head and a body");
        for header in head.lines() {
            let known = [
                "To: root",
                "Subject: ",
                "MIME-Version: ",
                "Content-",
                "Auto-Submitted: ",
                "From: ",
                "Date: ",
            ];
            assert!(
                known.iter().any(|name| header.starts_with(name)),
                "{mail:?}"
            );
            assert!(
                !header.contains(|c: char| c.is_ascii_control() && c != '\t'),
                "{mail:?}"
            );
        }
    }
}

#[test]
fn hostile_user_names_stay_text() {
    if !allowed("hostile user names", PROGRAMS) {
        return;
    }
    let (deployment, before) = start("");
    let gate = &deployment.gate;
    let mut users: Vec<String> = Vec::new();
    for (n, payload) in PAYLOADS.iter().enumerate() {
        users.push(payload.replace("CANARY", &format!("/var/canary/{n}")));
    }
    for (n, user) in users.iter().enumerate() {
        append(&deployment, format!("{}\n", line(n, user)).as_bytes());
    }
    for (n, text) in SHAPELESS.iter().enumerate() {
        append(
            &deployment,
            format!("{}\n", text.replace("CANARY", &format!("/var/canary/s{n}"))).as_bytes(),
        );
    }
    users.push("the-last-one".to_owned());
    append(
        &deployment,
        format!("{}\n", line(999, "the-last-one")).as_bytes(),
    );

    wait_long("the last line, by its group", || {
        gate.read("/var/out/substituted").ends_with("the-last-one@")
    });
    let counted = || gate.read(&format!("/var/log/swatch/{ATTACKER}"));
    wait_long("the last line, counted", || {
        counted().contains("the-last-one")
    });
    wait_long("the notices", || deployment.mails().len() > users.len());
    expect_harmless(&deployment, &before);
    assert_eq!(
        counted().lines().count(),
        users.len(),
        "{}",
        deployment.told()
    );

    // They came through unchanged: the shell received exactly what the line held.
    let out = |place: &str| gate.read(&format!("/var/out/{place}"));
    let told: Vec<String> = users.iter().map(|user| user.replace('\0', "")).collect();
    let whole: String = told.iter().map(|user| format!("{user}@")).collect();
    assert_eq!(out("double"), whole);
    assert_eq!(out("single"), whole);
    // Outside quotes, whitespace separates words, as users of the original expect.
    let bare: String = told
        .iter()
        .flat_map(|user| words(user))
        .map(|word| format!("{word}@"))
        .collect();
    assert_eq!(out("bare"), bare);
    let joined: String = told
        .iter()
        .flat_map(|user| words(&format!("prefix:{user}:suffix")))
        .map(|word| format!("{word}@"))
        .collect();
    assert_eq!(out("joined"), joined);
}

fn words(text: &str) -> Vec<String> {
    text.split([' ', '\t'])
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn records_of_several_lines_stay_text() {
    if !allowed("hostile records", PROGRAMS) {
        return;
    }
    let (deployment, before) = start("--input-record-separator=%%");
    let gate = &deployment.gate;
    for (n, text) in [
        "\ntouch CANARY\n",
        "a\n;touch CANARY\n#",
        "'\ntouch CANARY\n'",
        "\"\ntouch CANARY\n\"",
        "x\nBcc: evil@example.com\n\nbody",
    ]
    .iter()
    .enumerate()
    {
        let user = text.replace("CANARY", &format!("/var/canary/{n}"));
        append(&deployment, format!("{}%%", line(n, &user)).as_bytes());
    }
    for n in 100..104 {
        append(
            &deployment,
            format!("{}\n%%", line(n, "the-last-one")).as_bytes(),
        );
    }
    wait_long("the last record", || {
        gate.read("/var/out/substituted")
            .matches("the-last-one")
            .count()
            == 4
    });
    wait_long("the lock", || !deployment.rules().is_empty());
    wait_long("the notices", || deployment.mails().len() >= 10);
    expect_harmless(&deployment, &before);
    let double = gate.read("/var/out/double");
    let first = "\ntouch /var/canary/0\n@a\n;touch /var/canary/1\n#@'\ntouch";
    assert!(double.starts_with(first), "{double}");
}

#[test]
fn a_megabyte_of_text_neither_harms_nor_stops() {
    if !allowed("a line of a megabyte", PROGRAMS) {
        return;
    }
    let (deployment, before) = start("");
    let gate = &deployment.gate;
    // Below and above the longest line that is matched as a whole.
    for (n, length) in [1_000_000, 1 << 20, 3 << 20].into_iter().enumerate() {
        let user = format!("$(touch /var/canary/{n})").repeat(length / 22);
        append(&deployment, format!("{}\n", line(n, &user)).as_bytes());
    }
    for n in 100..103 {
        append(
            &deployment,
            format!("{}\n", line(n, "the-last-one")).as_bytes(),
        );
    }
    wait_long("the last line", || {
        gate.read("/var/out/substituted")
            .matches("the-last-one")
            .count()
            == 3
    });
    wait_long("the lock", || !deployment.rules().is_empty());
    let counted = || gate.read(&format!("/var/log/swatch/{ATTACKER}"));
    wait_long("the last line, counted", || {
        counted().matches("the-last-one").count() == 3
    });
    expect_harmless(&deployment, &before);
    // The long ones do not fit into a program's arguments. That was reported.
    assert!(
        deployment.told().contains("too long"),
        "{}",
        deployment.told()
    );
}
