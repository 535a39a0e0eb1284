use std::io::Write;
use std::process::{Command, Stdio};

use super::*;

/// Compresses with the program of the format; `None`, with a message, if it is not installed.
fn compress(program: &str, text: &[u8]) -> Option<Vec<u8>> {
    let child = Command::new(program)
        .arg("-c")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        println!("skipped: {program} is not installed");
        return None;
    };
    let mut input = child.stdin.take().unwrap();
    let text = text.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&text).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    Some(output.stdout)
}

const PROGRAMS: [&str; 5] = ["gzip", "xz", "zstd", "bzip2", "lz4"];

fn read_once(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(content)?;
    let mut text = Vec::new();
    open_once(file.path())?.read_to_end(&mut text)?;
    Ok(text)
}

fn lines(count: usize) -> Vec<u8> {
    (0..count)
        .flat_map(|n| format!("line {n}\n").into_bytes())
        .collect()
}

#[test]
fn every_format_is_read_whatever_the_name() {
    let text = lines(100_000);
    for program in PROGRAMS {
        let Some(packed) = compress(program, &text) else {
            continue;
        };
        assert!(packed.len() < text.len());
        assert!(read_once(&packed).unwrap() == text, "{program}");
    }
    assert_eq!(read_once(&text).unwrap(), text);
    assert_eq!(read_once(b"BZh2 text\n").unwrap(), b"BZh2 text\n");
    assert_eq!(read_once(b"").unwrap(), b"");
}

#[test]
fn members_that_follow_each_other_are_read_as_one() {
    for program in PROGRAMS {
        let (Some(mut one), Some(two)) = (compress(program, b"one\n"), compress(program, b"two\n"))
        else {
            continue;
        };
        one.extend(two);
        assert_eq!(read_once(&one).unwrap(), b"one\ntwo\n", "{program}");
    }
}

#[test]
fn truncated_data_is_an_error() {
    let text = lines(20_000);
    for program in PROGRAMS {
        let Some(packed) = compress(program, &text) else {
            continue;
        };
        let error = read_once(&packed[..packed.len() / 2]).unwrap_err();
        let expected = format!("incomplete or damaged {program} data");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}
