use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, lchown, symlink};

use super::*;

/// A directory of root's below a sticky one, for tests that run as root.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Option<Self> {
        if nix::unistd::geteuid().as_raw() != 0 {
            assert!(
                std::env::var_os("SWATCH_NO_SKIP").is_none(),
                "this test needs root"
            );
            eprintln!("skipped: not root");
            return None;
        }
        let tree = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(tree.path("etc/conf.d")).unwrap();
        fs::write(tree.path("etc/conf.d/rules"), "").unwrap();
        for (name, mode) in [
            ("etc", 0o755),
            ("etc/conf.d", 0o755),
            ("etc/conf.d/rules", 0o644),
        ] {
            tree.mode(name, mode);
        }
        Some(tree)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
    }

    fn own(&self, name: &str, user: u32, group: u32) {
        lchown(self.path(name), Some(user), Some(group)).unwrap();
    }

    fn refusal(&self, name: &str) -> Option<(PathBuf, Problem)> {
        let refused = check(&self.path(name)).err()?;
        assert_eq!(refused.file, self.path(name));
        let place = refused.place.strip_prefix(self.0.path());
        Some((place.unwrap().to_owned(), refused.problem))
    }
}

const RULES: &str = "etc/conf.d/rules";

#[test]
fn a_file_of_root_is_trusted() {
    let Some(tree) = Tree::new() else { return };
    assert_eq!(tree.refusal(RULES), None);
    for mode in [0o600, 0o444, 0o755] {
        tree.mode(RULES, mode);
        assert_eq!(tree.refusal(RULES), None, "{mode:o}");
    }
    assert_eq!(tree.refusal("etc/conf.d/missing"), None);
    assert_eq!(check(Path::new("/")), Ok(()));
}

#[test]
fn others_must_not_write_to_it_or_above_it() {
    let Some(tree) = Tree::new() else { return };
    for name in [RULES, "etc/conf.d", "etc"] {
        let good = fs::metadata(tree.path(name)).unwrap().mode() & 0o7777;
        for (bits, group, problem) in [
            (0o002, 0, Problem::Others),
            (0o020, 0, Problem::Group { group: 0 }),
            (0o020, 100, Problem::Group { group: 100 }),
        ] {
            tree.own(name, 0, group);
            tree.mode(name, good | bits);
            assert_eq!(tree.refusal(RULES), Some((name.into(), problem)), "{name}");
        }
        tree.mode(name, good);
        tree.own(name, 65534, 0);
        let (place, problem) = tree.refusal(RULES).unwrap();
        assert_eq!(place, Path::new(name));
        assert!(matches!(
            problem,
            Problem::Owner {
                owner: 65534,
                wanted: 0
            }
        ));
        tree.own(name, 0, 0);
        assert_eq!(tree.refusal(RULES), None);
    }
}

#[test]
fn a_sticky_directory_protects_what_is_in_it() {
    let Some(tree) = Tree::new() else { return };
    tree.mode("etc", 0o1777);
    assert_eq!(tree.refusal(RULES), None);
    // It does not protect itself: what is put there by others is obeyed, if it is the directory
    // that was asked about.
    assert_eq!(tree.refusal("etc"), Some(("etc".into(), Problem::Others)));
}

#[test]
fn links_are_judged_where_they_stand() {
    let Some(tree) = Tree::new() else { return };
    fs::create_dir(tree.path("open")).unwrap();
    symlink("../etc/conf.d/../conf.d/rules", tree.path("open/link")).unwrap();
    symlink(tree.path("open"), tree.path("way")).unwrap();
    assert_eq!(tree.refusal("way/link"), None);

    // Somebody could put another link there.
    tree.mode("open", 0o777);
    assert_eq!(
        tree.refusal("way/link"),
        Some(("open".into(), Problem::Others))
    );
    tree.mode("open", 0o1777);
    assert_eq!(tree.refusal("way/link"), None);
    tree.own("open/link", 65534, 0);
    let (place, _) = tree.refusal("way/link").unwrap();
    assert_eq!(place, Path::new("open/link"));
    tree.own("open/link", 0, 0);

    // The target of the link counts too.
    tree.mode("etc/conf.d", 0o777);
    assert_eq!(
        tree.refusal("way/link"),
        Some(("etc/conf.d".into(), Problem::Others))
    );
}

#[test]
fn a_circle_of_links_is_refused() {
    let Some(tree) = Tree::new() else { return };
    symlink("b", tree.path("a")).unwrap();
    symlink("a", tree.path("b")).unwrap();
    assert!(matches!(tree.refusal("a"), Some((_, Problem::Links))));
}

#[test]
fn the_entry_alone_can_be_checked() {
    let Some(tree) = Tree::new() else { return };
    tree.mode("etc", 0o777);
    assert_eq!(check_entry(&tree.path("etc/conf.d")), Ok(()));
    assert!(check_entry(&tree.path("etc")).is_err());
}

#[test]
fn the_message_names_the_fix() {
    let refused = Untrusted {
        file: "/etc/swatch/rules".into(),
        place: "/etc/swatch dir".into(),
        problem: Problem::Group { group: 50 },
    };
    assert_eq!(
        refused.to_string(),
        "/etc/swatch dir is writable by group 50: another user could change what \
         /etc/swatch/rules says; fix: chmod g-w '/etc/swatch dir'"
    );
}

#[test]
fn another_user_may_use_a_group_of_his_own() {
    let Some(tree) = Tree::new() else { return };
    let user = User {
        id: 1000,
        group: 1000,
    };
    tree.own(RULES, 1000, 1000);
    tree.mode(RULES, 0o664);
    assert_eq!(user.check(&tree.path(RULES)), Ok(()));
    tree.own(RULES, 1000, 50);
    assert!(user.check(&tree.path(RULES)).is_err());
    tree.own(RULES, 0, 0);
    tree.mode(RULES, 0o644);
    assert_eq!(user.check(&tree.path(RULES)), Ok(()));
}
