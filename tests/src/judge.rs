//! The judgement on a run.

use crate::case::{Case, Exit, Expected, Verdict};
use crate::run::Outcome;
use crate::show;

/// The comparison of a run with its case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// A wanted behaviour that was met.
    Pass,
    /// A wanted behaviour that was not met.
    Fail,
    /// A defect of the original, reproduced exactly.
    Orig,
    /// The better behaviour that the case describes.
    Better,
    /// Neither the defect nor, where one is described, the better behaviour.
    Other,
    /// The configuration needs Perl and was refused: no output, non-zero status.
    Refused,
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Status::Pass => "PASS",
            Status::Fail => "FAIL",
            Status::Orig => "ORIG",
            Status::Better => "BETTER",
            Status::Other => "OTHER",
            Status::Refused => "REFUSED",
        })
    }
}

/// Compares a run with its case.
pub fn status(case: &Case, got: &Outcome) -> Status {
    let bug = matches!(case.verdict, Verdict::Bug(_));
    let refused = got.exit != 0 && got.stdout.is_empty() && got.side.is_empty();
    if same(&case.expected, got) {
        return if bug { Status::Orig } else { Status::Pass };
    }
    match (&case.verdict, &case.better) {
        (Verdict::Bug(_), Some(better)) if same(better, got) => Status::Better,
        (Verdict::Bug(_), _) => Status::Other,
        (Verdict::WantPerl, _) if refused && !case.has("driver") => Status::Refused,
        _ => Status::Fail,
    }
}

fn same(wanted: &Expected, got: &Outcome) -> bool {
    wanted.exit.accepts(got.exit) && wanted.stdout == got.stdout && wanted.side == got.side
}

/// The first expected text that is missing from standard error.
pub fn unsaid<'a>(case: &'a Case, got: &Outcome) -> Option<&'a str> {
    let said = String::from_utf8_lossy(&got.stderr);
    let missing = case.messages.iter().find(|m| !said.contains(m.as_str()));
    missing.map(String::as_str)
}

/// True if the program met the case. `perl` says whether the machine has
/// Perl: then a configuration that needs it must not be refused.
pub fn met(case: &Case, status: Status, perl: bool) -> bool {
    match status {
        Status::Pass | Status::Better => true,
        Status::Refused => !perl,
        Status::Other => case.better.is_none(),
        Status::Fail | Status::Orig => false,
    }
}

/// True if the original did what the case recorded.
pub fn holds(status: Status) -> bool {
    matches!(status, Status::Pass | Status::Orig)
}

/// The differences, for the reader. The original is compared with what the case recorded,
/// others with the better behaviour, where the case describes it.
pub fn report(case: &Case, got: &Outcome, status: Status, original: bool) -> String {
    let wanted = match &case.better {
        Some(better) if !original => better,
        _ => &case.expected,
    };
    let mut out = String::new();
    for line in case.note.lines() {
        out.push_str(&format!("  # {line}\n"));
    }
    if let Verdict::Bug(better) = &case.verdict {
        out.push_str(&format!("  better: {better}\n"));
    }
    if status == Status::Orig && case.better.is_none() && !original {
        out.push_str("  this is exactly what the original does\n");
    }
    if wanted.stdout != got.stdout {
        out.push_str("  stdout (- wanted, + came):\n");
        out.push_str(&show::diff(&wanted.stdout, &got.stdout));
    }
    if wanted.side != got.side {
        out.push_str("  side effects (- wanted, + came):\n");
        out.push_str(&show::diff(&wanted.side, &got.side));
    }
    if !wanted.exit.accepts(got.exit) {
        out.push_str(&format!(
            "  exit: wanted {}, came {}",
            wanted.exit, got.exit
        ));
        if got.exit == crate::run::TIMED_OUT && wanted.exit != Exit::Code(got.exit) {
            out.push_str(" (its time was over)");
        }
        out.push('\n');
    }
    if !got.stderr.is_empty() {
        out.push_str("  standard error of the run:\n");
        for line in got.stderr.split(|&b| b == b'\n').take(12) {
            if !line.is_empty() {
                let line = show::visible(line, 300);
                out.push_str(&format!("    {}\n", line.trim_end_matches(" (no newline)")));
            }
        }
    }
    if let Some(folder) = &got.kept {
        out.push_str(&format!("  kept: {}\n", folder.display()));
    }
    out
}
