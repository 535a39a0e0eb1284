//! A `perl` process that reports what a pattern matches.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::case::Case;

/// Perl's answer for one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    NoMatch,
    /// It took too long or died.
    Nothing,
    Groups(Vec<Option<(usize, usize)>>),
}

/// The process.
pub(crate) struct Oracle {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Oracle {
    /// `None`, with a reason on standard error, if there is no suitable perl.
    pub(crate) fn start() -> Option<Oracle> {
        let version = Command::new("perl").args(["-e", "print $]"]).output();
        let version = match version {
            Ok(output) if output.status.success() => {
                String::from_utf8_lossy(&output.stdout).into_owned()
            }
            _ => {
                eprintln!("skipped: there is no perl to compare with");
                return None;
            }
        };
        // Before 5.34 `{,n}` was literal text; 5.38 changed which groups a loop forgets.
        if !version.starts_with("5.034") && !version.starts_with("5.036") {
            eprintln!("skipped: perl is {version}, the comparison is made for 5.34 and 5.36");
            return None;
        }
        let mut child = Command::new("perl")
            .args(["-e", include_str!("oracle.pl")])
            .env("PERL_SIGNALS", "unsafe")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("perl was started just now");
        let to = child.stdin.take().expect("piped");
        let from = BufReader::new(child.stdout.take().expect("piped"));
        Some(Oracle { child, to, from })
    }

    /// Perl's error, or its answer for each line. None: this perl has ended over the pattern.
    ///
    /// Perl's optimiser sometimes gives another answer than its matcher (`(?=B?)\p{l}` finds
    /// nothing at the start of `ab`): `optimised` says whether it takes part.
    pub(crate) fn ask(
        &mut self,
        case: &Case,
        optimised: bool,
    ) -> Option<Result<Vec<Answer>, String>> {
        let mut question = if optimised { "" } else { "u" }.to_owned();
        question += if case.flags.is_empty() {
            "-"
        } else {
            &case.flags
        };
        for text in std::iter::once(&case.pattern).chain(&case.lines) {
            question.push_str(" x");
            text.iter()
                .for_each(|byte| question.push_str(&format!("{byte:02x}")));
        }
        question.push('\n');
        self.to.write_all(question.as_bytes()).ok()?;
        let mut reply = Vec::new();
        if self.from.read_until(b'\n', &mut reply).ok()? == 0 {
            return None;
        }
        let reply = String::from_utf8_lossy(&reply);
        let reply = reply.trim_end();
        if let Some(error) = reply.strip_prefix("E ") {
            return Some(Err(error.to_owned()));
        }
        Some(Ok(reply.split(' ').skip(1).map(answer).collect()))
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answer(word: &str) -> Answer {
    match word {
        "-" => Answer::NoMatch,
        "!" => Answer::Nothing,
        groups => Answer::Groups(
            groups
                .split(';')
                .map(|group| {
                    let (start, end) = group.split_once(',')?;
                    Some((start.parse().ok()?, end.parse().ok()?))
                })
                .collect(),
        ),
    }
}
