//! `make install`, `install-compat` and `uninstall` with DESTDIR, as a package is built.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use swatch_tests::deployment::{examples, make};
use swatch_tests::program::{swatch_action, swatch_rs};

/// Every file and link below a directory, by relative path, sorted; none if there is no directory.
fn files(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders: Vec<_> = Some(root.to_owned())
        .into_iter()
        .filter(|f| f.is_dir())
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let path = entry.path();
                found.push(
                    path.strip_prefix(root)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                );
            }
        }
    }
    found.sort();
    found
}

fn below<'a>(files: &'a [String], folder: &str) -> Vec<&'a str> {
    files
        .iter()
        .filter_map(|file| file.strip_prefix(folder))
        .collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn install_puts_programs_pages_and_documents() {
    let root = tempfile::tempdir().unwrap();
    make("install", root.path());
    let there = files(root.path());
    assert_eq!(
        below(&there, "usr/local/bin/"),
        ["swatch-action", "swatch-rs"]
    );
    for (program, name) in [
        (swatch_rs(), "swatch-rs"),
        (swatch_action(), "swatch-action"),
    ] {
        let installed = root.path().join("usr/local/bin").join(name);
        assert_eq!(mode(&installed), 0o755);
        assert!(
            fs::read(&installed).unwrap() == fs::read(program).unwrap(),
            "{name} differs"
        );
    }
    let documents = below(&there, "usr/local/share/doc/swatch-rs/");
    let mut wanted: Vec<String> = files(&examples())
        .iter()
        .map(|f| format!("examples/{f}"))
        .collect();
    let docs = examples().join("../docs");
    wanted.extend(
        files(&docs)
            .into_iter()
            .filter(|file| !file.starts_with("man/")),
    );
    wanted.sort();
    assert_eq!(documents, wanted);
    let init = root
        .path()
        .join("usr/local/share/doc/swatch-rs/examples/swatch-rs.init");
    assert_eq!(mode(&init), 0o755);
    let pages: Vec<&str> = below(&there, "usr/local/share/man/");
    let sources = files(&docs.join("man"));
    assert_eq!(
        pages.len(),
        sources
            .iter()
            .filter(|f| f.ends_with(['5', '7', '8']))
            .count()
    );
    for page in pages {
        let (section, name) = page.split_once('/').unwrap();
        assert_eq!(
            Some(section),
            name.rsplit('.')
                .next()
                .map(|n| format!("man{n}"))
                .as_deref()
        );
    }
    let units: Vec<&str> = below(&there, "usr/local/lib/systemd/system/");
    assert_eq!(
        units,
        [
            "swatch-action-expire.service",
            "swatch-action-expire.timer",
            "swatch-action-follow.service",
            "swatch-action-restore.service",
            "swatch-rs.service",
            "swatch-rs@.service",
        ]
    );
    for unit in units {
        let path = root.path().join("usr/local/lib/systemd/system").join(unit);
        let text = fs::read_to_string(path).unwrap();
        assert!(!text.contains("@bindir@"), "{unit}: {text}");
        if unit.ends_with(".service") {
            assert!(text.contains("ExecStart=/usr/local/bin/swatch-"), "{unit}");
        }
    }
    assert_eq!(
        below(&there, "usr/local/share/bash-completion/completions/"),
        ["swatch-action", "swatch-rs"]
    );
    assert_eq!(
        below(&there, "usr/local/share/zsh/site-functions/"),
        ["_swatch-action", "_swatch-rs"]
    );
    assert_eq!(
        below(&there, "usr/local/share/fish/vendor_completions.d/"),
        ["swatch-action.fish", "swatch-rs.fish"]
    );
    // Nothing outside these directories.
    let known = [
        "usr/local/bin/",
        "usr/local/share/doc/swatch-rs/",
        "usr/local/share/man/",
        "usr/local/lib/systemd/system/",
        "usr/local/share/bash-completion/completions/",
        "usr/local/share/zsh/site-functions/",
        "usr/local/share/fish/vendor_completions.d/",
    ];
    assert!(
        there.iter().all(|f| known.iter().any(|k| f.starts_with(k))),
        "{there:?}"
    );
}

#[test]
fn uninstall_takes_back_what_was_installed_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let bin = root.path().join("usr/local/bin");
    fs::create_dir_all(&bin).unwrap();
    fs::write(bin.join("other"), "").unwrap();
    make("install-compat", root.path());
    for (link, to) in [
        ("swatch", "swatch-rs"),
        ("swatchdog", "swatch-rs"),
        ("swatch_action.sh", "swatch-action"),
    ] {
        assert_eq!(fs::read_link(bin.join(link)).unwrap(), Path::new(to));
        assert!(bin.join(link).exists(), "{link} leads nowhere");
    }
    // Repeating it is not an error.
    make("install-compat", root.path());
    // A link that was redirected is no longer ours.
    fs::remove_file(bin.join("swatch")).unwrap();
    symlink("other", bin.join("swatch")).unwrap();
    make("uninstall", root.path());
    assert_eq!(
        files(root.path()),
        ["usr/local/bin/other", "usr/local/bin/swatch"]
    );
}
