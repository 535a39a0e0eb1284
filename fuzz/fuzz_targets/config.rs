//! Any bytes as a configuration: no panic, findings that can be shown, and a printed form that
//! means the same.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use swatch_config::{Options, dump, lint, parse_str, render};

fuzz_target!(|data: &[u8]| {
    // Included files would make it depend on the machine.
    if data
        .to_ascii_lowercase()
        .windows(7)
        .any(|window| window == b"include")
    {
        return;
    }
    let options = Options {
        old_style: data.first() == Some(&b'O'),
        ..Options::default()
    };
    let parsed = parse_str(data, Path::new("fuzz.conf"), &options);
    for finding in parsed.diagnostics.iter().chain(&lint(&parsed.config)) {
        let text = render(finding, &parsed.config.sources, false);
        assert!(text.bytes().all(|b| b >= b' ' || b == b'\n' || b == b'\t'), "{text:?}");
    }
    if !parsed.has_errors() && parsed.config.perl_needs.is_empty() {
        let printed = dump(&parsed.config);
        let again = parse_str(&printed, Path::new("again.conf"), &Options::default());
        let shown = String::from_utf8_lossy(&printed);
        assert!(
            !again.has_errors() || again.config.items.is_empty(),
            "{shown}"
        );
    }
});
