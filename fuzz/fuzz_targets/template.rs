//! Any bytes as a value, a command and a pattern of one rule.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use swatch_config::{Options, dump, parse_str};

fuzz_target!(|data: &[u8]| {
    let data: Vec<u8> = data
        .iter()
        .map(|&b| if b == b'\n' { b' ' } else { b })
        .collect();
    for (before, behind) in [
        (&b"watchfor /(x)/\nexec rec "[..], &b"\n"[..]),
        (b"watchfor /(x)/\npipe rec \"", b"\"\n"),
        (b"watchfor /(x)/\nmail addresses=a,subject=\"", b"\"\n"),
        (b"watchfor /(x)/\nthrottle 5,key=", b"\n"),
        (b"perlcode 0 my $re = qr/y/i;\nwatchfor m/", b"/\necho\n"),
        (b"perlcode 0 my $x = \"", b"\";\nwatchfor /$x/\necho $x\n"),
    ] {
        let text = [before, &data, behind].concat();
        let parsed = parse_str(&text, Path::new("fuzz.conf"), &Options::default());
        if parsed.has_errors() || !parsed.config.perl_needs.is_empty() {
            continue;
        }
        let printed = dump(&parsed.config);
        let again = parse_str(&printed, Path::new("again.conf"), &Options::default());
        assert!(!again.has_errors(), "{}", String::from_utf8_lossy(&printed));
    }
});
