//! Names: Perl's own functions, and the known name nearest to a misspelt one.

/// Perl functions that the original would call for an action or in a condition of that name.
///
/// Words of the syntax (`if`, `my`, `next` …) are not among them: an action of such a name does
/// not compile there.
const FUNCTIONS: &[&str] = &[
    "abs",
    "accept",
    "alarm",
    "atan2",
    "bind",
    "binmode",
    "bless",
    "caller",
    "chdir",
    "chmod",
    "chomp",
    "chop",
    "chown",
    "chr",
    "chroot",
    "close",
    "closedir",
    "connect",
    "cos",
    "crypt",
    "dbmclose",
    "dbmopen",
    "defined",
    "delete",
    "die",
    "do",
    "each",
    "eof",
    "eval",
    "exec",
    "exists",
    "exit",
    "exp",
    "fcntl",
    "fileno",
    "flock",
    "fork",
    "formline",
    "getc",
    "getlogin",
    "getpeername",
    "getpgrp",
    "getppid",
    "getpriority",
    "getpwnam",
    "getpwuid",
    "getgrgid",
    "getgrnam",
    "gethostbyname",
    "getsockopt",
    "glob",
    "gmtime",
    "grep",
    "hex",
    "index",
    "int",
    "ioctl",
    "join",
    "keys",
    "kill",
    "lc",
    "lcfirst",
    "length",
    "link",
    "listen",
    "localtime",
    "log",
    "lstat",
    "map",
    "mkdir",
    "oct",
    "open",
    "opendir",
    "ord",
    "pack",
    "pipe",
    "pop",
    "pos",
    "print",
    "printf",
    "push",
    "quotemeta",
    "rand",
    "read",
    "readdir",
    "readline",
    "readlink",
    "recv",
    "ref",
    "rename",
    "require",
    "reset",
    "reverse",
    "rewinddir",
    "rindex",
    "rmdir",
    "scalar",
    "seek",
    "select",
    "send",
    "setpgrp",
    "setpriority",
    "shift",
    "sin",
    "sleep",
    "socket",
    "sort",
    "splice",
    "split",
    "sprintf",
    "sqrt",
    "srand",
    "stat",
    "study",
    "substr",
    "symlink",
    "syscall",
    "sysopen",
    "sysread",
    "sysseek",
    "system",
    "syswrite",
    "tell",
    "tie",
    "tied",
    "time",
    "times",
    "truncate",
    "uc",
    "ucfirst",
    "umask",
    "undef",
    "unlink",
    "unpack",
    "unshift",
    "untie",
    "utime",
    "values",
    "vec",
    "wait",
    "waitpid",
    "wantarray",
    "warn",
];

/// Whether Perl has a function of that name.
pub(crate) fn is_perl_function(name: &[u8]) -> bool {
    FUNCTIONS.iter().any(|known| known.as_bytes() == name)
}

/// The known name that a misspelt one was probably meant to be.
pub(crate) fn nearest<'n>(name: &[u8], known: &[&'n str]) -> Option<&'n str> {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let name: Vec<char> = name.chars().collect();
    // One slip for three letters: `mial` is `mail`, but `hello` is not `bell`.
    let limit = (name.len() / 3).clamp(1, 3);
    known
        .iter()
        .map(|candidate| (distance(&name, candidate), *candidate))
        .filter(|&(distance, candidate)| distance <= limit && distance < candidate.len())
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Edit distance, two neighbours that changed places counting once.
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    if a.len() > b.len() + 4 {
        return usize::MAX;
    }
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, &from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &to) in b.iter().enumerate() {
            let change = rows[i][j] + usize::from(from != to);
            let mut best = change.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && from == b[j - 1] && a[i - 1] == to {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}
