//! The table of programs: how they use their arguments and their standard input.
//!
//! A program that is missing here is *unknown*: `--check` warns of an argument that holds log text
//! and a space, because the program may pass it to a shell.

/// A use of arguments or input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Runs a command that follows its options and this many operands.
    Wraps {
        values: &'static str,
        operands: usize,
    },
    /// Runs a command that follows one of these words.
    WrapsAfter(&'static [&'static str]),
    /// The word after one of these options is shell code. `-c` is found in a bundle.
    ShellOption(&'static [&'static str]),
    /// Its arguments, joined by spaces, are shell code.
    ShellWords,
    /// The word after the first operand is shell code.
    ShellOperand,
    /// As `ShellWords`, after the options and a host name. Without a command its input is shell
    /// code.
    Remote { values: &'static str, host: bool },
    /// Without an operand, standard input is shell code.
    ShellInput,
    /// The first operand names a file of code.
    ScriptFile,
    /// The word after one of these options is code of the program's own language.
    Code(&'static [&'static str]),
    /// The first operand is code, unless an option `-e` or `-f` provides it.
    CodeOperand { values: &'static str },
    /// Operands after the first few are code.
    CodeOperands { after: usize },
    /// Standard input is code, unless an operand names a file.
    CodeInput,
    /// Standard input is code, whatever the operands are.
    CodeInputAlways,
    /// Standard input is code if this word is among the arguments.
    CodeInputWith(&'static str),
    /// A value of one of these options that begins with `@` is the name of a file to send.
    FileOption(&'static [&'static str]),
    /// Lines of standard input that begin with `~` are commands.
    TildeInput,
    /// Standard input begins with the headers of a mail.
    MailInput,
    /// Each line of standard input is an event.
    LineInput,
    /// Standard input, and files named by operands, come out again.
    Filter,
    /// Prints its arguments. `format`: `%` and `\` in the first of them have a meaning.
    Prints { format: bool },
    /// Appends the words of standard input to its arguments.
    AppendsInput,
    /// Takes its arguments as data. Those that begin with `-` are options; these letters take a
    /// value.
    Data { values: &'static str },
    /// Takes its arguments as data, and has no options worth a warning.
    PlainData,
}

use Use::*;

type Row = (&'static [&'static str], &'static [Use]);

const SHELL: &[&str] = &["-c", "--command", "--session-command"];

#[rustfmt::skip]
const PROGRAMS: &[Row] = &[
    // Shells, here and elsewhere.
    (&["sh", "bash", "dash", "ash", "ksh", "ksh93", "mksh", "pdksh", "zsh", "yash", "rbash", "rksh", "fish", "csh", "tcsh", "xonsh", "elvish"],
        &[ShellOption(SHELL), ShellInput, ScriptFile]),
    (&["su", "runuser"], &[ShellOption(SHELL), ShellInput]),
    (&["sg"], &[ShellOption(SHELL), ShellOperand, ShellInput]),
    (&["newgrp", "script"], &[ShellOption(SHELL), ShellInput]),
    (&["eval", "watch"], &[ShellWords]),
    (&["trap"], &[CodeOperand { values: "" }]),
    (&[".", "source"], &[ScriptFile]),
    (&["parallel", "sem"], &[ShellWords, ShellInput]),
    (&["ssh", "slogin", "rsh", "remsh", "rexec", "dbclient", "autossh", "plink", "mosh", "et"],
        &[Remote { values: "BbcDEeFIiJLlmMOopPQRSWwy", host: true }]),
    (&["pdsh", "clush", "dsh", "mussh", "pssh", "parallel-ssh", "prsync"], &[Remote { values: "wgxulfRMoSOth", host: false }]),
    (&["ansible"], &[ShellOption(&["-a", "--args"])]),
    (&["salt", "salt-ssh", "fab", "mco", "knife"], &[CodeOperands { after: 0 }]),
    (&["xterm", "rxvt", "urxvt", "konsole", "xfce4-terminal", "lxterminal", "st", "alacritty", "kitty", "x-terminal-emulator"],
        &[ShellOption(&["-e", "-x", "--command"])]),
    (&["tmux"], &[CodeOperands { after: 0 }]),
    (&["screen"], &[Code(&["stuff", "eval", "exec"])]),
    (&["at", "batch"], &[CodeInput, Code(&["-f"])]),
    (&["crontab"], &[CodeInputWith("-"), ScriptFile]),

    // Programs that run another program.
    (&["sudo"], &[Wraps { values: "ugpChrtTUDR", operands: 0 }]),
    (&["doas", "pkexec"], &[Wraps { values: "uC", operands: 0 }]),
    (&["exec", "command", "builtin", "nohup", "setsid", "time", "busybox", "toybox", "unbuffer", "fakeroot", "torsocks",
        "proxychains", "proxychains4", "xvfb-run", "dbus-run-session", "coproc", "retry", "chronic", "eatmydata", "tsocks"],
        &[Wraps { values: "aof", operands: 0 }]),
    (&["env"], &[Wraps { values: "uCS", operands: 0 }]),
    (&["nice", "ionice", "stdbuf", "prlimit", "softlimit", "trickle", "cpulimit", "strace", "ltrace", "systemd-run",
        "systemd-inhibit", "systemd-cat", "unshare", "nsenter", "setpriv", "chpst", "runcon", "capsh", "numactl"],
        &[Wraps { values: "ncpioeutsdlmarSGpPE", operands: 0 }]),
    (&["timeout", "chroot", "taskset", "chrt", "setuidgid", "s6-setuidgid", "s6-envdir", "envdir", "faketime", "setarch", "firejail"],
        &[Wraps { values: "ksp", operands: 1 }]),
    (&["flock"], &[ShellOption(SHELL), Wraps { values: "wE", operands: 1 }]),
    (&["sshpass"], &[Wraps { values: "pfdP", operands: 0 }]),
    (&["find"], &[WrapsAfter(&["-exec", "-execdir", "-ok", "-okdir"]), Data { values: "" }]),
    (&["xargs"], &[AppendsInput]),

    // Interpreters of other languages.
    (&["awk", "gawk", "mawk", "nawk", "original-awk"], &[Code(&["-e", "--source"]), CodeOperand { values: "vFfi" }, Filter]),
    (&["sed", "gsed", "ssed"], &[Code(&["-e", "--expression"]), CodeOperand { values: "l" }, Filter]),
    (&["perl"], &[Code(&["-e", "-E", "-M", "-m"]), CodeInput, ScriptFile, Filter]),
    (&["python", "python2", "python3", "pypy", "pypy3"], &[Code(&["-c"]), CodeInput, ScriptFile]),
    (&["ruby", "jruby"], &[Code(&["-e"]), CodeInput, ScriptFile, Filter]),
    (&["node", "nodejs", "deno", "bun"], &[Code(&["-e", "-p", "--eval", "--print", "eval"]), CodeInput, ScriptFile]),
    (&["php"], &[Code(&["-r", "-B", "-R", "-E"]), CodeInput, ScriptFile]),
    (&["lua", "luajit", "lua5.3", "lua5.4", "Rscript", "groovy", "julia", "osascript", "guile", "sbcl", "elixir", "erl"],
        &[Code(&["-e", "-E", "--eval", "-eval"]), CodeInput, ScriptFile]),
    (&["tclsh", "wish", "expect", "R", "octave", "gnuplot", "bc", "dc"], &[Code(&["-c", "-e", "--eval"]), CodeInput, ScriptFile]),
    (&["jq", "yq", "xmlstarlet", "xq", "gojq"], &[CodeOperand { values: "L" }, Filter]),
    (&["vi", "vim", "ex", "ed", "emacs", "gdb", "nvim"], &[Code(&["-c", "--cmd", "-ex", "--eval", "--eval-command"]), CodeInputAlways]),
    (&["m4", "envsubst", "j2"], &[CodeInput, Filter]),
    (&["make"], &[CodeOperands { after: 0 }]),

    // Databases and services with a language.
    (&["mysql", "mariadb", "mycli", "mysqlsh"], &[Code(&["-e", "--execute", "--sql"]), CodeInputAlways]),
    (&["psql", "vsql", "cockroach"], &[Code(&["-c", "--command", "-e", "--execute"]), CodeInputAlways]),
    (&["sqlite3", "sqlite", "duckdb"], &[Code(&["-cmd", "-c"]), CodeOperands { after: 1 }, CodeInputAlways]),
    (&["sqlplus", "isql", "tsql", "sqlcmd", "bcp"], &[Code(&["-Q", "-q"]), CodeInputAlways]),
    (&["mongo", "mongosh"], &[Code(&["--eval"]), CodeInputAlways]),
    (&["cqlsh", "clickhouse-client", "influx", "hive", "impala-shell"], &[Code(&["-e", "-q", "--query", "--execute", "-execute"]), CodeInputAlways]),
    (&["redis-cli", "valkey-cli", "memcached-tool"], &[Code(&["--eval", "eval", "EVAL"]), CodeInputAlways]),
    (&["ftp", "lftp", "sftp", "smbclient", "telnet"], &[Code(&["-c", "-e"]), CodeInputAlways]),
    (&["ldapmodify", "ldapadd", "nsupdate", "rndc"], &[CodeInputAlways]),
    (&["socat"], &[CodeOperands { after: 0 }]),
    (&["nc", "ncat", "netcat"], &[ShellOption(&["-e", "-c", "--exec", "--sh-exec"]), Data { values: "wpiqsxX" }]),

    // Firewalls.
    (&["nft"], &[CodeOperands { after: 0 }, CodeInputWith("-")]),
    (&["ipset"], &[CodeInputWith("restore"), Data { values: "" }]),
    (&["iptables-restore", "ip6tables-restore", "ebtables-restore", "arptables-restore"], &[CodeInputAlways]),
    (&["ip", "tc", "bridge"], &[CodeInputWith("-"), Data { values: "n" }]),
    (&["iptables", "ip6tables", "ebtables", "arptables"], &[Data { values: "AIDCRsdjpiomtgNXFLZPEkcfw" }]),
    (&["ufw", "firewall-cmd", "fail2ban-client", "pfctl", "route", "conntrack", "cscli", "csf", "apf"],
        &[Data { values: "tTsd" }]),

    // Mail.
    (&["mail", "mailx", "Mail", "s-nail", "nail", "bsd-mailx", "heirloom-mailx"], &[TildeInput, Data { values: "sarcbqEuT" }]),
    (&["sendmail", "ssmtp", "msmtp", "esmtp", "exim", "exim4", "nullmailer-inject", "dma"],
        &[MailInput, Data { values: "fFoBCXORN" }]),
    (&["mutt", "neomutt"], &[Code(&["-e"]), Data { values: "sabcieFfHmnQ" }]),
    (&["swaks", "sendemail", "sendEmail", "mpack"], &[Data { values: "tfusmxoa" }]),

    // Our helper.
    (&["swatch-action", "swatch_action.sh"], &[LineInput, Data { values: "tTsd" }]),

    // Programs that take arguments as data.
    (&["echo"], &[Prints { format: false }]),
    (&["printf"], &[Prints { format: true }]),
    (&["cat", "tac", "tee", "head", "tail", "sort", "uniq", "rev", "nl", "fold", "fmt", "expand", "paste", "iconv", "pv", "buffer", "sponge", "ts", "zcat", "col", "column", "strings"],
        &[Filter, Data { values: "nckfbtdTsjw" }]),
    (&["grep", "egrep", "fgrep", "zgrep", "rg", "ag", "agrep"], &[Filter, Data { values: "efmABCdD" }]),
    (&["tr", "cut"], &[Filter, Data { values: "dfbc" }]),
    (&["logger"], &[Data { values: "ftpnPTuS" }]),
    (&["curl"], &[FileOption(&["-d", "--data", "--data-ascii", "--data-binary", "--data-urlencode", "--json", "-F", "--form", "-H", "--header", "-b", "--cookie"]),
        Data { values: "dFHXouAbcCeEIKmrtTUwxyYzQD" }]),
    (&["wget", "http", "https", "xh"], &[Data { values: "OoaPUtTQ" }]),
    (&["tar", "bsdtar"], &[ShellOption(&["--checkpoint-action", "--to-command", "-I", "--use-compress-program", "--rsh-command", "--info-script", "--new-volume-script"]),
        Data { values: "fCTXbKgLNVH" }]),
    (&["rsync"], &[ShellOption(&["-e", "--rsh", "--rsync-path"]), Data { values: "eTfMB" }]),
    (&["scp", "sftp"], &[ShellOption(&["-S"]), Data { values: "cDFiJloPSX" }]),
    (&["zip"], &[ShellOption(&["-TT"]), Data { values: "btniO" }]),
    (&["git"], &[ShellOption(&["-c", "--upload-pack", "--receive-pack"]), Data { values: "Cm" }]),
    (&["rm", "rmdir", "mkdir", "mv", "cp", "ln", "touch", "ls", "du", "stat", "readlink", "realpath", "basename", "dirname", "unlink", "chattr", "lsof", "file", "dd", "truncate"],
        &[Data { values: "tSmdr" }]),
    (&["chmod", "chown", "chgrp", "install", "setfacl", "usermod", "passwd", "chage", "userdel", "useradd", "faillock", "pam_tally2"],
        &[Data { values: "ogmtugsdlLUr" }]),
    (&["kill", "pkill", "killall", "pgrep", "renice", "skill"], &[Data { values: "ntPuUGgs" }]),
    (&["ping", "ping6", "fping", "traceroute", "mtr", "host", "dig", "nslookup", "whois", "getent", "geoiplookup", "mmdblookup", "nmap", "openssl"],
        &[Data { values: "cwWitsIhpTqfkbm" }]),
    (&["systemctl", "service", "invoke-rc.d", "rc-service", "initctl", "journalctl", "loginctl", "docker", "podman", "kubectl"], &[Data { values: "nutp" }]),
    (&["wall", "write", "notify-send", "xmessage", "zenity", "kdialog", "espeak", "say", "spd-say", "festival", "toilet", "figlet", "lp", "lpr", "beep", "play", "aplay", "mpg123", "paplay"],
        &[Data { values: "tuinagdpPJ" }]),
    (&["wc", "md5sum", "sha1sum", "sha256sum", "sha512sum", "cksum", "base64", "od", "xxd", "hexdump"], &[Data { values: "jcNwst" }]),
    (&["test", "[", "[[", "true", "false", ":", "expr", "exit", "sleep", "date", "seq", "yes", "export", "readonly", "local", "declare",
        "typeset", "set", "shift", "unset", "read", "cd", "pwd", "umask", "ulimit", "wait", "return", "break", "continue", "alias", "]]"],
        &[PlainData]),
];

/// Shell builtins.
const BUILTINS: &[&str] = &[
    ".", ":", "[", "alias", "bg", "break", "builtin", "caller", "cd", "command", "continue",
    "declare", "echo", "eval", "exec", "exit", "export", "false", "fg", "getopts", "hash", "jobs",
    "kill", "let", "local", "printf", "pwd", "read", "readonly", "return", "set", "shift",
    "source", "test", "time", "times", "trap", "true", "type", "typeset", "ulimit", "umask",
    "unalias", "unset", "wait", "[[", "]]",
];

/// Returns true for a shell builtin.
pub(super) fn is_builtin(name: &[u8]) -> bool {
    BUILTINS.iter().any(|known| known.as_bytes() == name)
}

/// The uses of a program, by its name without directory; none if it is unknown.
pub(super) fn uses(name: &[u8]) -> Option<&'static [Use]> {
    let row = PROGRAMS
        .iter()
        .find(|(names, _)| names.iter().any(|known| known.as_bytes() == name))?;
    Some(row.1)
}

/// The last part of a path.
pub(super) fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|&b| b == b'/').next().unwrap_or_default()
}

/// A shell here or on another host. Behind a program that is unknown such a word is taken for a
/// command.
pub(super) fn is_shell(name: &[u8]) -> bool {
    let shell = |known: &Use| matches!(known, ShellInput | Remote { .. });
    uses(name).is_some_and(|uses| uses.iter().any(shell))
}

/// Returns true if nothing is known about plain arguments: they may be passed to a shell.
pub(super) fn is_unjudged(uses: &[Use]) -> bool {
    let own = |known: &Use| {
        matches!(
            known,
            Code(_) | CodeInput | CodeInputAlways | CodeInputWith(_)
        )
    };
    uses.iter().all(own)
}

/// Files whose content is run by another program.
pub(super) fn reader_of_file(path: &[u8]) -> Option<&'static str> {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|p| path.starts_with(p.as_bytes()));
    if starts(&["/etc/cron", "/var/spool/cron"]) {
        return Some("cron");
    }
    if starts(&["/etc/sudoers"]) {
        return Some("sudo");
    }
    let shell = starts(&["/etc/profile", "/etc/init.d/"])
        || [".sh", ".bashrc", ".profile", ".bash_profile"]
            .iter()
            .any(|end| path.ends_with(end.as_bytes()));
    if shell {
        return Some("sh");
    }
    path.ends_with(b"/authorized_keys").then_some("sshd")
}
