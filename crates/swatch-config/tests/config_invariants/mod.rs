//! Properties of every text read as a configuration, shared by the test of mutated
//! configurations and the fuzz target.

use std::path::Path;

use swatch_config::{Options, lint, parse_str, print, render};

/// No panic, diagnostics that can be rendered, and a printed form that reads and prints the same.
pub(crate) fn any_configuration(data: &[u8]) {
    // Included files would make the result depend on the machine.
    let lower = data.to_ascii_lowercase();
    if lower.windows(7).any(|window| window == b"include") {
        return;
    }
    let options = Options {
        old_style: data.first() == Some(&b'O'),
        ..Options::default()
    };
    let parsed = parse_str(data, Path::new("any.conf"), &options);
    for finding in parsed.diagnostics.iter().chain(&lint(&parsed.config)) {
        let text = render(finding, &parsed.config.sources, false);
        let harmless = |c: char| !c.is_control() || c == '\n' || c == '\t';
        assert!(text.chars().all(harmless), "{text:?}");
    }
    if parsed.has_errors() || !parsed.config.perl_needs.is_empty() {
        return;
    }
    let printed = print(&parsed.config);
    let again = parse_str(&printed, Path::new("again.conf"), &Options::default());
    let shown = String::from_utf8_lossy(&printed);
    // A file of comments is an error, but not in its text.
    assert!(
        !again.has_errors() || again.config.items.is_empty(),
        "{shown}\n{:?}",
        again.diagnostics
    );
}
