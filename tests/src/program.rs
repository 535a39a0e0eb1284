//! The programs under test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// `swatch-rs`: the one named by `SWATCH_RS`, else the workspace's, freshly built.
///
/// # Panics
/// If it cannot be built or does not exist.
pub fn swatch_rs() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| named_or_built("SWATCH_RS", "swatch-rs"))
        .clone()
}

/// `swatch-action`: the one named by `SWATCH_ACTION`, else the workspace's, freshly built.
///
/// # Panics
/// If it cannot be built or does not exist.
pub fn swatch_action() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| named_or_built("SWATCH_ACTION", "swatch-action"))
        .clone()
}

/// The original, if installed: `SWATCHDOG` or `/usr/bin/swatchdog`. A link to
/// swatch-rs, as `make install-compat` creates it, is not the original.
pub fn original() -> Option<PathBuf> {
    let path =
        std::env::var_os("SWATCHDOG").map_or_else(|| "/usr/bin/swatchdog".into(), PathBuf::from);
    let text = std::fs::read(&path).ok()?;
    let first = text.split(|&b| b == b'\n').next()?;
    (first.starts_with(b"#!") && first.windows(4).any(|w| w == b"perl")).then_some(path)
}

/// True if there is a `perl` in the search path of the cases.
pub fn perl() -> bool {
    ["/usr/local/bin/perl", "/usr/bin/perl", "/bin/perl"]
        .iter()
        .any(|p| Path::new(p).exists())
}

fn named_or_built(variable: &str, name: &str) -> PathBuf {
    if let Some(path) = std::env::var_os(variable) {
        return std::path::absolute(&path)
            .unwrap_or_else(|e| panic!("{variable}={}: {e}", path.display()));
    }
    // target/PROFILE/deps/TEST: a test binary is one directory below the programs.
    let test = std::env::current_exe().expect("a running program has a path");
    let folder = test
        .ancestors()
        .nth(2)
        .expect("a test lies in target/PROFILE/deps");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--workspace", "--bins"]);
    // Cargo tells a test about its package. A build script that asks for that, such as ring's, would
    // run anew here, and once more in the next build by hand.
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            build.env_remove(&variable);
        }
    }
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    build.env(
        "CARGO_TARGET_DIR",
        folder.parent().expect("PROFILE lies in target"),
    );
    if folder.ends_with("release") {
        build.arg("--release");
    }
    let status = build
        .status()
        .unwrap_or_else(|e| panic!("cargo build of {name}: {e}"));
    assert!(status.success(), "cargo build of {name} failed");
    folder.join(name)
}
