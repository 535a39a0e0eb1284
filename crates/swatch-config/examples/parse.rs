//! Reads configuration files and prints their diagnostics, or their content:
//! with `--dump` in the canonical form, with `--debug` in full.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use swatch_config::{Options, parse_file, print, render};

fn main() -> ExitCode {
    let mut options = Options::default();
    for (name, value) in std::env::vars_os() {
        let (name, value) = (name.into_encoded_bytes(), value.into_encoded_bytes());
        options.env.insert(name, value);
    }
    let mut failed = false;
    let mut debug = false;
    let mut show = false;
    for argument in std::env::args_os().skip(1) {
        match argument.to_str() {
            Some("-O") => options.old_style = true,
            Some("--debug") => debug = true,
            Some("--dump") => show = true,
            _ => {
                let parsed = parse_file(Path::new(&argument), &options);
                for finding in &parsed.diagnostics {
                    eprint!("{}", render(finding, &parsed.config.sources, false));
                }
                if show {
                    let text = print(&parsed.config);
                    std::io::stdout()
                        .write_all(&text)
                        .expect("standard output is open");
                }
                if debug {
                    println!("{:#?}", parsed.config.items);
                }
                for need in &parsed.config.perl_needs {
                    println!("needs Perl: {}", need.what);
                }
                failed |= parsed.has_errors();
            }
        }
    }
    ExitCode::from(u8::from(failed) * 2)
}
