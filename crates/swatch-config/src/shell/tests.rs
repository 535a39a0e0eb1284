use std::path::Path;

use crate::{Options, Severity, lint, parse_str};

/// Diagnostics for a command of a rule: `E` or `W`, and the message.
fn found(pattern: &str, command: &str) -> Vec<String> {
    let text = format!("watchfor /{pattern}/\n{command}\n");
    let parsed = parse_str(text.as_bytes(), Path::new("t"), &Options::default());
    let lints = lint(&parsed.config);
    let all = parsed.diagnostics.iter().chain(&lints);
    all.map(|finding| {
        let letter = match finding.severity {
            Severity::Error => 'E',
            Severity::Warning => 'W',
        };
        format!("{letter} {}", finding.message)
    })
    .collect()
}

/// A group that can hold anything.
const ANYTHING: &str = "user (.*) from (\\S+) x$";

/// A group of letters.
const WORD: &str = "user (\\w+) x$";

#[track_caller]
fn check(pattern: &str, command: &str, expected: &[&str]) {
    assert_eq!(found(pattern, command), expected, "{command}");
}

#[test]
fn log_text_as_the_name_of_a_command() {
    for command in [
        "exec $1",
        "exec $1 rec x",
        "exec \"$0\"",
        "exec exec $1",
        "exec sudo -u bob $1 x",
        "exec timeout 5 $2",
        "exec env A=b $1",
        "exec true; $1",
        "exec [[ $2 = a && $1 = b ]]",
        "exec true && \"$1\" x",
        "exec x=\"$1\"; $x",
        "exec echo x | $1",
        "exec sh -c \"$1\"",
        "exec (true; $1)",
        "exec if true; then $1; fi",
        "exec echo \"$1\" | while read l; do $l; done",
        "exec echo \"$1\" | xargs env",
        "exec /opt/$1/run",
        "pipe $1",
    ] {
        check(ANYTHING, command, &["E log text is the name of a command"]);
    }
    check(
        WORD,
        "exec /opt/hooks/$1",
        &["W log text is the name of a command"],
    );
    // No group, no log text.
    check(
        "user",
        "exec $1 rec x",
        &["W `$1` is always empty: the pattern has no group"],
    );
    check(ANYTHING, "exec $cmd rec x", &[]);
    check(ANYTHING, "exec case \"$1\" in a) true;; esac", &[]);
}

#[test]
fn log_text_as_shell_code() {
    for (command, name) in [
        ("exec echo \"echo $1\" | sh >/dev/null", "sh"),
        ("exec S=sh; $S -c \"echo $1\"", "sh"),
        ("exec C=\"sh -c\"; $C \"echo $1\"", "sh"),
        ("exec trap 'echo $1' EXIT", "trap"),
        ("exec echo \"$1\" | xargs -I{} sh -c \"echo {}\"", "sh"),
        ("exec echo \"$1\" > f; . f", "."),
        ("exec echo \"$1\" > f; . ./f", "."),
        ("exec echo \"$1\" > x.sh; sh x.sh", "sh"),
        ("exec echo \"$1\" > x; chmod +x x; ./x", "./x"),
        ("exec echo \"$1\" | tee x.sh; sh x.sh", "sh"),
        ("exec f=$(mktemp); echo \"$1\" > $f; . $f", "."),
        ("exec echo \"x $1\" | ssh gw", "ssh"),
        ("exec echo \"x $1\" | timeout 5 sh", "sh"),
        ("exec echo \"x $1\" | su - root", "su"),
        ("exec echo \"x $1\" | cat | sudo sh -s", "sh"),
        ("exec { echo a; echo \"x $1\"; } | sh", "sh"),
        ("exec sshpass -p x ssh gw \"echo $1\"", "ssh"),
        ("exec dbclient gw \"echo $1\"", "dbclient"),
        ("exec rsh gw \"echo $1\"", "rsh"),
        ("exec autossh -M 0 gw \"echo $1\"", "autossh"),
        ("exec plink gw \"echo $1\"", "plink"),
        ("exec pdsh -w gw \"echo $1\"", "pdsh"),
        ("exec clush -w gw \"echo $1\"", "clush"),
        ("exec ansible all -a \"echo $1\"", "ansible"),
        ("exec parallel \"echo $1\"", "parallel"),
        ("exec fish -c \"echo $1\"", "fish"),
        ("exec tcsh -c \"echo $1\"", "tcsh"),
        ("exec sg adm -c \"echo $1\"", "sg"),
        ("exec sg adm \"echo $1\"", "sg"),
        ("exec echo \"$1\" | xargs -i sh -c \"echo {}\"", "sh"),
        ("exec env X=\"$1\" sh -c 'eval \"x $X\"'", "eval"),
        ("exec nc -e \"/bin/x $1\" gw 1", "nc"),
        ("exec xterm -e \"echo $1\"", "xterm"),
        ("exec sh -c $1", "sh"),
        ("exec sh -c \"$(printf %s \"$1\")\"", "sh"),
        ("exec x=\"$1\"; eval \"echo $x\"", "eval"),
        ("exec x=\"$1\"; sh -c \"echo $x\"", "sh"),
        ("exec ssh gw \"echo $(echo \"$1\")\"", "ssh"),
        ("exec tar cf x --checkpoint-action=exec=$1", "tar"),
        ("exec find . -exec fish -c \"echo $1\" \\;", "fish"),
        ("pipe sh", "sh"),
        ("pipe ssh gw", "ssh"),
        ("pipe bash -s,message=block $1", "bash"),
    ] {
        let found = found(ANYTHING, command);
        let expected = format!("E log text becomes shell code through `{name}`");
        assert!(found.contains(&expected), "{command}: {found:?}");
    }
    // Without shell metacharacters it can do no harm.
    check(
        WORD,
        "exec echo \"block $1\" | sudo sh",
        &["W log text becomes shell code through `sh`"],
    );
}

#[test]
fn scripts_whose_log_text_is_quoted_twice() {
    for command in [
        "exec sh -c \"block $1\"",
        "exec sudo sh -c \"block $1\"",
        "exec su - root -c \"block $1\"",
        "exec ssh host \"block $1\"",
        "exec ssh host block $1",
        "exec eval \"block $1\"",
        "exec eval 'rec \"$1\"'",
        "exec sh -c 'rec \"\\$1\"' x \"$1\"",
        "exec sh -c 'sh -c \"rec $1\"'",
    ] {
        check(ANYTHING, command, &[]);
    }
}

#[test]
fn programs_of_other_languages() {
    let part = |name: &str| format!("W log text becomes part of a program for `{name}`");
    let commands = |name: &str| format!("W log text becomes commands for `{name}`");
    for (command, expected) in [
        ("exec awk \"/$1/\" /etc/hosts", part("awk")),
        ("exec /usr/bin/awk -v a=b -F: '/$1/' f", part("awk")),
        ("exec cat f | sudo sed -n \"s/x/$1/p\"", part("sed")),
        ("exec sed -i -e s/x/$1/ f", part("sed")),
        ("exec perl -ne \"print if /$1/\" f", part("perl")),
        ("exec python3 -c \"print('$1')\"", part("python3")),
        (
            "pipe mysql -u x -e \"insert into t values ('$1')\"",
            part("mysql"),
        ),
        ("exec psql --command=\"select '$1'\"", part("psql")),
        ("exec sqlite3 /var/db \"select '$1'\"", part("sqlite3")),
        ("exec jq \".[] | select(.x == \\\"$1\\\")\" f", part("jq")),
        ("exec nft \"add element inet f s { $1 }\"", part("nft")),
        ("exec tmux send-keys -t x \"echo $1\" Enter", part("tmux")),
        ("exec screen -X stuff \"echo $1\"", part("screen")),
        ("exec expect -c \"send $1\"", part("expect")),
        ("exec echo \"block $1\" | at now", commands("at")),
        (
            "exec echo block $2 | tee -a f | at now + 1 hour",
            commands("at"),
        ),
        (
            "exec echo \"* * * * * x $1\" | crontab -",
            commands("crontab"),
        ),
        ("exec echo \"set x $1\" | redis-cli", commands("redis-cli")),
        ("exec echo \"add s $2\" | ipset restore", commands("ipset")),
        ("exec printf 'x %s' \"$1\" | python3", commands("python3")),
    ] {
        for pattern in [ANYTHING, WORD] {
            if pattern == WORD && command.contains("$2") {
                continue;
            }
            let found = found(pattern, command);
            assert!(found.contains(&expected), "{command}: {found:?}");
            assert!(found.iter().all(|f| f.starts_with('W')), "{found:?}");
        }
    }
}

#[test]
fn options_files_and_mails() {
    for (command, expected) in [
        (
            "exec grep $1 f",
            "log text can be read as an option of `grep`",
        ),
        (
            "exec grep \"$1\" f",
            "log text can be read as an option of `grep`",
        ),
        (
            "exec tar cf x $1",
            "log text can be read as an option of `tar`",
        ),
        ("exec rm -f $2", "log text can be read as an option of `rm`"),
        (
            "exec iptables -A INPUT -s $1 -j DROP",
            "log text can be read as an option of `iptables`",
        ),
        (
            "exec curl -d \"$1\" http://x",
            "log text can name a file that `curl` sends",
        ),
        (
            "exec curl -F \"x=$1\" http://x",
            "log text can name a file that `curl` sends",
        ),
        (
            "exec echo \"To: root\\nSubject: $_\\n\\n\" | sendmail -t",
            "log text can add headers to the mail for `sendmail`",
        ),
        (
            "exec echo \"$_\" | swatch-action auto lock",
            "log text can make a line of its own for `swatch-action`",
        ),
        (
            "exec echo \"$1\" | mail root",
            "log text can begin a line with `~` for `mail`",
        ),
        (
            "exec curl -d \"@$1\" http://x",
            "log text can name a file that `curl` sends",
        ),
        (
            "exec echo \"$1\" >> /etc/crontab",
            "log text becomes commands for `cron`",
        ),
        (
            "exec redis-cli \"set $1 1\"",
            "`redis-cli` may pass this argument to a shell",
        ),
        (
            "exec socat - EXEC:\"$1\"",
            "log text becomes part of a program for `socat`",
        ),
        ("exec printf \"x $1\"", "log text is the format of `printf`"),
        (
            "exec echo x > /tmp/$1",
            "log text names the file that is written",
        ),
        (
            "exec /opt/wrapper \"see $1\"",
            "`wrapper` may pass this argument to a shell",
        ),
        (
            "exec /opt/wrapper -x sh -c \"$1\"",
            "log text is the name of a command",
        ),
        (
            "exec foo ssh gw \"echo $1\"",
            "log text becomes shell code through `ssh`",
        ),
        (
            "exec foo ssh gw echo $1",
            "log text becomes shell code through `ssh`",
        ),
    ] {
        let found = found(ANYTHING, command);
        assert!(
            found.contains(&format!("W {expected}")),
            "{command}: {found:?}"
        );
    }
}

#[test]
fn commands_that_take_log_text_as_data() {
    for command in [
        "exec awk -v x=\"$1\" '{print x}' f",
        "exec awk -f prog \"$1\"",
        "exec perl -e 'print @ARGV' -- \"$1\"",
        "exec echo \"block $1\" || at now",
        "exec echo \"block $1\" | grep -v x; echo x | at now",
        "exec echo \"$1\" | sh script",
        "exec sh script \"$1\"",
        "exec echo \"x | at now $1\"",
        "exec block $1",
        "exec /usr/local/bin/alert \"$1\" \"$2\"",
        "pipe block awk $1",
        "pipe /usr/local/bin/alert",
        "pipe mail -s x root",
        "exec echo $0 | mail root",
        "exec printf '%s\\n' \"$0\" | swatch-action auto lock",
        "pipe \"swatch-action 10 lock\"",
        "exec echo \"Subject: x\\n\\n$_\\n\" | sendmail ops",
        "exec grep -F -- \"$1\" f",
        "exec grep -e \"$1\" f",
        "exec logger -t x -- \"$1\"",
        "exec test \"$1\" = y && rec not this",
        "exec curl --data-raw \"$1\" http://x",
        "exec echo \"$1\" >> /var/log/x",
        "exec rec \"$1\"; true",
        "exec for x in \"$1\"; do rec \"$x\"; done",
        "exec kill -9 $$",
        "exec parallel echo ::: \"$1\"",
        "exec bash -c \"(( $2 > 5 )) && rec x\"",
        "exec bash -c '[[ \"$1\" == a && \"$2\" == b ]] && rec x'",
        "exec bash -c 'function f { rec \"x\"; }; f'",
    ] {
        check(ANYTHING, command, &[]);
    }
    for command in [
        "exec iptables -A INPUT -s $1 -j DROP",
        "exec grep $1 f",
        "exec echo x > /tmp/$1",
        "exec /opt/wrapper \"see $1\"",
        "exec sed -f prog $1",
        "exec sh script $1",
        "exec echo $1 | sh script",
    ] {
        check(WORD, command, &[]);
    }
}

#[test]
fn recalled_values_are_those_that_were_remembered() {
    let stored = |group: &str| {
        format!(
            "watchfor /a({group})/\nremember x,host=$1\n\
             watchfor /b/\nremember x,need=host\nexec rm $recall{{host}}\n"
        )
    };
    let findings = |text: &str| {
        let parsed = parse_str(text.as_bytes(), Path::new("t"), &Options::default());
        lint(&parsed.config)
            .into_iter()
            .map(|finding| finding.message)
            .collect::<Vec<_>>()
    };
    assert_eq!(findings(&stored("[\\d.]+")), [""; 0]);
    assert_eq!(
        findings(&stored("\\S+")),
        ["log text can be read as an option of `rm`"]
    );
}
