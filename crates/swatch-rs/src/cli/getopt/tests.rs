use super::*;
use crate::cli::options;

fn words(args: &[&str]) -> Result<Vec<String>, String> {
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    match normalise(&options(), &args) {
        Ok((out, _operands)) => Ok(out
            .iter()
            .map(|w| w.to_string_lossy().into_owned())
            .collect()),
        Err(UsageError(message)) => Err(message),
    }
}

#[test]
fn every_spelling_of_the_same_options() {
    for spelling in [
        &["-cconf", "-finput"][..],
        &["--conf", "conf", "--exam", "input"],
        &["--config-file=conf", "--EXAMINE=input"],
        &["-c", "conf", "-f", "input", "extra", "args"],
        &["-c", "conf", "--examine", "input", "--", "--bogus"],
        &["+config", "conf", "+exam=input"],
    ] {
        assert_eq!(
            words(spelling).as_deref(),
            Ok(&[
                "--config-file=conf".to_owned(),
                "--examine=input".to_owned()
            ][..]),
            "{spelling:?}"
        );
    }
}

#[test]
fn an_abbreviation_that_swatchdog_took_is_not_spoilt_by_newer_options() {
    assert_eq!(
        words(&["--tail-prog", "x"]).unwrap(),
        ["--tail-program-name=x"]
    );
    assert_eq!(words(&["--conf=x"]).unwrap(), ["--config-file=x"]);
    assert_eq!(words(&["--config-d=x"]).unwrap(), ["--config-dir=x"]);
    assert!(words(&["--tail=x"]).unwrap_err().contains("ambiguous"));
}

#[test]
fn a_short_option_keeps_the_equals_sign() {
    assert_eq!(words(&["-c=x"]).unwrap(), ["--config-file==x"]);
}

#[test]
fn negations() {
    assert_eq!(
        words(&["--noawk-field-syntax"]).unwrap(),
        ["--no-awk-field-syntax"]
    );
    assert_eq!(words(&["--no-awk"]).unwrap(), ["--no-awk-field-syntax"]);
    assert_eq!(words(&["--noawk"]).unwrap(), ["--no-awk-field-syntax"]);
    assert_eq!(words(&["--awk"]).unwrap(), ["--awk-field-syntax"]);
}

#[test]
fn optional_values() {
    assert_eq!(words(&["--debug", "3"]).unwrap(), ["--debug=3"]);
    assert_eq!(words(&["--debug", "-1"]).unwrap(), ["--debug=-1"]);
    assert_eq!(
        words(&["--debug", "-O"]).unwrap(),
        ["--debug=", "--old-style-config"]
    );
    assert_eq!(words(&["--debug", "x"]).unwrap(), ["--debug="]);
    assert_eq!(words(&["--dump-script", "f"]).unwrap(), ["--dump-script=f"]);
    assert_eq!(words(&["--dump-script"]).unwrap(), ["--dump-script="]);
    assert_eq!(
        words(&["--input-record-separator", "--daemon"]).unwrap(),
        ["--input-record-separator=", "--daemon"]
    );
}

#[test]
fn operands_are_returned() {
    let args = ["-c", "conf", "extra", "--check", "--", "-x"].map(OsString::from);
    let (_, operands) = normalise(&options(), &args).unwrap();
    assert_eq!(operands, ["extra", "-x"]);
}

#[test]
fn mistakes_are_named() {
    assert_eq!(words(&["--bogus"]).unwrap_err(), "unknown option: --bogus");
    assert_eq!(
        words(&["--chek"]).unwrap_err(),
        "unknown option: --chek; did you mean --check?"
    );
    assert_eq!(
        words(&["-c"]).unwrap_err(),
        "option -c requires an argument"
    );
    assert!(
        words(&["-C", "x"])
            .unwrap_err()
            .contains("unknown option -C")
    );
    assert!(
        words(&["--daemon=1"])
            .unwrap_err()
            .contains("takes no value")
    );
}
