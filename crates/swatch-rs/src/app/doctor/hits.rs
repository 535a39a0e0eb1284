//! The patterns that matched in the last megabytes of the logs, and those that never did: counted
//! by `--examine --summary` of this program, which performs nothing.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use swatch_common::finding::Finding;
use swatch_common::process::{self, Input, Limits, Output};
use swatch_common::sanitize;

/// The time for one configuration.
const PATIENCE: Duration = Duration::from_secs(120);

/// With fewer records nothing can be said of a rule that matched none of them.
const ENOUGH: u64 = 1000;

/// The findings for the rules of a configuration on the last bytes of these logs together.
pub(super) fn of_files(config: &Path, logs: &[PathBuf], bytes: u64) -> Option<Finding> {
    let mut text = Vec::new();
    for log in logs {
        // A log that cannot be read is another finding.
        let _ = end_of(log, bytes, &mut text);
    }
    if text.is_empty() {
        return None;
    }
    let megabytes = text.len().div_ceil(1 << 20);
    let shown = sanitize::path(config);
    match summary(config, &text) {
        Ok(object) => Some(judge(&shown, &object, megabytes)),
        Err(why) => Some(Finding::warning(
            "patterns",
            format!("{shown}: the log could not be matched: {why}"),
            format!("swatch-rs --config-file {shown} --examine LOG --summary"),
        )),
    }
}

fn judge(shown: &str, object: &Value, megabytes: usize) -> Finding {
    let empty = Vec::new();
    let rules = object["rules"].as_array().unwrap_or(&empty);
    let logs = object["logs"].as_array().unwrap_or(&empty);
    let records: u64 = logs.iter().filter_map(|log| log["records"].as_u64()).sum();
    let never: Vec<&str> = rules
        .iter()
        .filter(|rule| rule["matched"].as_u64() == Some(0))
        .filter_map(|rule| rule["place"].as_str())
        .collect();
    let matched = rules.len() - never.len();
    let places = match never.len() {
        0 => String::new(),
        _ => format!("; never: {}", never.join(", ")),
    };
    let text = format!(
        "{shown}: {matched} of {} rules matched in the last {records} lines ({megabytes} MB){places}",
        rules.len()
    );
    if matched == 0 && !rules.is_empty() && records >= ENOUGH {
        let remedy = format!(
            "look whether the lines have another form than the patterns: \
             swatch-rs --config-file {shown} --examine LOG --explain"
        );
        return Finding::warning("patterns", text, remedy);
    }
    Finding::fine("patterns", text)
}

/// Appends the last bytes of a file, from the beginning of a line.
fn end_of(path: &Path, bytes: u64, text: &mut Vec<u8>) -> io::Result<()> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let from = length.saturating_sub(bytes);
    file.seek(SeekFrom::Start(from))?;
    let mut end = Vec::new();
    file.take(bytes).read_to_end(&mut end)?;
    let first = match from {
        0 => 0,
        _ => end.iter().position(|&b| b == b'\n').map_or(0, |at| at + 1),
    };
    text.extend_from_slice(&end[first..]);
    Ok(())
}

fn summary(config: &Path, text: &[u8]) -> Result<Value, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = process::command(program);
    command.arg("--config-file").arg(config);
    command.args(["--examine", "-", "--summary", "--json"]);
    let limits = Limits {
        time: Some(PATIENCE),
        stdout: Output::Capture(16 << 20),
        ..Limits::default()
    };
    let finished = process::run(&mut command, Input::Bytes(text), &limits);
    serde_json::from_slice(&finished.stdout.bytes).map_err(|_| {
        let said = sanitize::excerpt(finished.stderr.bytes.trim_ascii(), 200);
        format!("{}: {said}", finished.exit)
    })
}
