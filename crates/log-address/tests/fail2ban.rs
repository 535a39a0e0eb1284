//! The sample lines of fail2ban, where that package is installed. None of them are copied into
//! this project.
//!
//! Each line has a JSON comment before it that names the host which fail2ban's filter finds.
//! `FAIL2BAN_SAMPLES` names the directory if it is elsewhere; `FAIL2BAN_SHOW=1` prints the lines
//! without an answer.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use log_address::{canonical, find, is_private};

/// The least share of lines that must be answered, in percent.
const ANSWERED: usize = 90;

struct Sample {
    file: String,
    host: IpAddr,
    line: Vec<u8>,
}

fn directory() -> Option<PathBuf> {
    let named = std::env::var_os("FAIL2BAN_SAMPLES").map(PathBuf::from);
    let installed = PathBuf::from("/usr/lib/python3/dist-packages/fail2ban/tests/files/logs");
    named.or(Some(installed)).filter(|path| path.is_dir())
}

/// The lines whose host is a public address.
fn samples(directory: PathBuf) -> Vec<Sample> {
    let mut samples = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
        let Ok(text) = std::fs::read(entry.path()) else {
            continue;
        };
        let file = entry.file_name().to_string_lossy().into_owned();
        let mut expected = None;
        for line in text.split(|byte| *byte == b'\n') {
            if let Some(json) = line.strip_prefix(b"# failJSON:") {
                expected = host(json);
            } else if !line.is_empty()
                && !line.starts_with(b"#")
                && let Some(host) = expected.take()
            {
                // An entry of the journal without its time, which journalctl always writes.
                let time: &[u8] = match file.as_str() {
                    "sshd-journal" => b"Jan  1 00:00:00 ",
                    _ => b"",
                };
                let (file, line) = (file.clone(), [time, line].concat());
                samples.push(Sample { file, host, line });
            }
        }
    }
    samples
}

fn host(json: &[u8]) -> Option<IpAddr> {
    let value: serde_json::Value = serde_json::from_slice(json).ok()?;
    if value.get("match") != Some(&serde_json::Value::Bool(true)) {
        return None;
    }
    let host: IpAddr = value.get("host")?.as_str()?.parse().ok()?;
    (!is_private(host)).then(|| canonical(host))
}

#[test]
fn most_of_fail2bans_samples_are_answered_and_none_wrongly() {
    let Some(directory) = directory() else {
        eprintln!("fail2ban's samples are not installed: nothing is tested");
        return;
    };
    let samples = samples(directory);
    let mut right = 0;
    let mut wrong = Vec::new();
    let mut missing: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for sample in &samples {
        let shown = sample.line.escape_ascii().to_string();
        match find(&sample.line) {
            Ok(found) if found.address == sample.host => right += 1,
            Ok(found) => wrong.push(format!("{}: {} in {shown}", sample.file, found.address)),
            Err(error) => missing
                .entry(&sample.file)
                .or_default()
                .push(format!("{error}: {shown}")),
        }
    }
    println!(
        "{right} of {} lines are right, {} wrong",
        samples.len(),
        wrong.len()
    );
    if std::env::var_os("FAIL2BAN_SHOW").is_some() {
        for (file, lines) in &missing {
            println!("{file}:\n  {}", lines.join("\n  "));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(samples.len() > 500, "only {} samples", samples.len());
    assert!(right * 100 >= samples.len() * ANSWERED);
}
