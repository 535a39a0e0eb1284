//! The state on disk: writing, reading and refusing it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

use super::*;
use crate::fingerprint::{FileId, Fingerprint, Window};

fn saved(path: &[u8], offset: u64) -> Saved {
    Saved {
        path: OsStr::from_bytes(path).into(),
        place: None,
        id: FileId {
            device: 1,
            inode: 2,
            created: Some(3),
        },
        offset,
        opened: 4,
        modified: 5,
        replaced: false,
        unread: false,
        fingerprint: Fingerprint {
            head: Window::of(b"head", 4),
            mark: Window::of(b"before", offset),
        },
    }
}

fn load(state: &Path) -> Checkpoint {
    let loaded = Checkpoint::load(state).unwrap();
    assert_eq!(loaded.events, []);
    loaded.checkpoint
}

/// The offsets that a state holds.
fn offsets(checkpoint: &Checkpoint) -> Vec<u64> {
    checkpoint.state().files.iter().map(|f| f.offset).collect()
}

struct Place {
    _dir: tempfile::TempDir,
    state: PathBuf,
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state.json");
    Place { _dir: dir, state }
}

#[test]
fn any_path_comes_back() {
    let at = place();
    let paths: [&[u8]; 3] = [
        b"/var/log/messages",
        b"/log/\xff\xfe",
        "/log/ü\n".as_bytes(),
    ];
    let checkpoint = load(&at.state);
    for path in paths {
        checkpoint.keep(saved(path, 7));
    }
    checkpoint.set_cursor("journal", "s=1;i=2");
    checkpoint.save().unwrap();
    drop(checkpoint);
    let checkpoint = load(&at.state);
    assert_eq!(checkpoint.state().files, paths.map(|path| saved(path, 7)));
    assert_eq!(checkpoint.cursor("journal").as_deref(), Some("s=1;i=2"));
}

#[test]
fn what_has_not_changed_is_not_written() {
    let at = place();
    let checkpoint = load(&at.state);
    let progress = checkpoint.keep(saved(b"/log", 7));
    checkpoint.save().unwrap();
    let inode = || fs::metadata(&at.state).unwrap().ino();
    let before = inode();
    checkpoint.save().unwrap();
    checkpoint.save_unsynced().unwrap();
    progress.ack(7);
    progress.ack(3);
    checkpoint.save().unwrap();
    assert_eq!(inode(), before);
    assert!(!store::with_suffix(&at.state, ".unsynced").exists());
    progress.ack(8);
    checkpoint.save().unwrap();
    assert_ne!(inode(), before);
}

#[test]
fn the_newest_state_that_is_whole_is_used() {
    let at = place();
    let checkpoint = load(&at.state);
    let progress = checkpoint.keep(saved(b"/log", 1));
    checkpoint.save().unwrap();
    progress.ack(2);
    checkpoint.save_unsynced().unwrap();
    drop((checkpoint, progress));
    let checkpoint = load(&at.state);
    assert_eq!(offsets(&checkpoint), [2]);
    drop(checkpoint);

    // A crash of the machine may leave the unsynced one empty.
    fs::write(store::with_suffix(&at.state, ".unsynced"), "").unwrap();
    let checkpoint = load(&at.state);
    assert_eq!(offsets(&checkpoint), [1]);
    drop(checkpoint);

    // A crash before the rename leaves the temporary file, whole or in part.
    let text = fs::read_to_string(&at.state).unwrap();
    let newer = text
        .replace("\"sequence\":1,", "\"sequence\":9,")
        .replace("\"offset\":1,", "\"offset\":5,");
    let temporary = store::with_suffix(&at.state, ".tmp");
    fs::write(&temporary, &newer[..newer.len() / 2]).unwrap();
    assert_eq!(offsets(&load(&at.state)), [1]);
    fs::write(&temporary, &newer).unwrap();
    let checkpoint = load(&at.state);
    assert_eq!(offsets(&checkpoint), [5]);
    // And is older than the next one.
    checkpoint.set_cursor("a", "b");
    checkpoint.save().unwrap();
    assert!(
        fs::read_to_string(&at.state)
            .unwrap()
            .contains("\"sequence\":10,")
    );
}

#[test]
fn a_damaged_state_is_set_aside_and_the_one_before_it_is_used() {
    let at = place();
    let checkpoint = load(&at.state);
    let progress = checkpoint.keep(saved(b"/log", 1));
    checkpoint.save().unwrap();
    progress.ack(2);
    checkpoint.save().unwrap();
    drop((checkpoint, progress));
    for damage in ["", "{\"version\": 1, \"files\": [", "\0\0\0\0"] {
        fs::write(&at.state, damage).unwrap();
        let loaded = Checkpoint::load(&at.state).unwrap();
        let previous = store::with_suffix(&at.state, ".previous");
        let [FileEvent::StateDamaged { aside, used, .. }] = &loaded.events[..] else {
            panic!("{:?}", loaded.events);
        };
        assert_eq!(used.as_ref(), Some(&previous));
        assert!(aside.as_ref().unwrap().exists() && !at.state.exists());
        assert_eq!(offsets(&loaded.checkpoint), [1]);
    }
}

#[test]
fn a_state_that_is_damaged_altogether_does_not_stop_anything() {
    let at = place();
    for suffix in ["", ".previous", ".unsynced", ".tmp", ".reserve"] {
        fs::write(
            store::with_suffix(&at.state, suffix),
            "{\"version\": 1, \"fi",
        )
        .unwrap();
    }
    let loaded = Checkpoint::load(&at.state).unwrap();
    let [FileEvent::StateDamaged { used: None, .. }] = &loaded.events[..] else {
        panic!("{:?}", loaded.events);
    };
    assert!(offsets(&loaded.checkpoint).is_empty());
    loaded.checkpoint.set_cursor("a", "b");
    loaded.checkpoint.save().unwrap();
    drop(loaded);
    assert_eq!(load(&at.state).cursor("a").as_deref(), Some("b"));
}

#[test]
fn a_kill_while_the_reserve_is_written_leaves_the_state_before() {
    let at = place();
    let reserve = store::with_suffix(&at.state, ".reserve");
    let checkpoint = load(&at.state);
    checkpoint.set_cursor("a", "1");
    checkpoint.save().unwrap();
    drop(checkpoint);
    fs::remove_file(&at.state).unwrap();
    let half = fs::read(&reserve).unwrap().len() / 2;
    let state = |sequence: u64, cursor: &str| {
        let text = format!(
            "{{\"version\": 1, \"sequence\": {sequence}, \"cursors\": {{\"a\": \"{cursor}\"}}}}"
        );
        format!("{text:half$}").into_bytes()
    };
    let write = |first: &[u8], second: &[u8]| fs::write(&reserve, [first, second].concat());
    let cursor = || load(&at.state).cursor("a");
    write(&state(8, "8"), &state(7, "7")).unwrap();
    assert_eq!(cursor().as_deref(), Some("8"));
    write(&state(8, "8"), &state(9, "9")).unwrap();
    assert_eq!(cursor().as_deref(), Some("9"));
    // The first one was about to become the tenth.
    let torn = [&state(10, "10")[..20], &state(8, "8")[10..half - 10]].concat();
    write(&torn, &state(9, "9")).unwrap();
    assert_eq!(cursor().as_deref(), Some("9"));
    // As earlier versions wrote it.
    let long = "x".repeat(half);
    write(&state(8, &long), b"  ").unwrap();
    assert_eq!(cursor(), Some(long));
}

#[test]
fn a_file_with_more_to_read_keeps_this_until_it_is_found() {
    let checkpoint = Checkpoint::in_memory();
    let unread = Saved {
        unread: true,
        ..saved(b"/log", 7)
    };
    let progress = checkpoint.keep(unread.clone());
    assert_eq!(progress.saved(), unread);
    progress.looked_at(7, 5);
    assert!(!progress.saved().unread);
}

#[test]
fn a_reserve_grows_in_its_place() {
    let at = place();
    let reserve = store::with_suffix(&at.state, ".reserve");
    let size = || fs::metadata(&reserve).unwrap().size();
    let checkpoint = load(&at.state);
    checkpoint.set_cursor("a", "1");
    checkpoint.save().unwrap();
    let (first, inode) = (size(), fs::metadata(&reserve).unwrap().ino());
    // It takes no more space than it has to while there is little.
    checkpoint.set_cursor("a", &"x".repeat(first as usize));
    checkpoint.save().unwrap();
    assert!(size() > 3 * first);
    assert_eq!(fs::metadata(&reserve).unwrap().ino(), inode);
    drop(checkpoint);
    assert_eq!(
        load(&at.state).cursor("a").map(|a| a.len()),
        Some(first as usize)
    );
}

#[test]
fn there_is_a_reserve_before_the_first_state() {
    let at = place();
    let checkpoint = load(&at.state);
    checkpoint.set_cursor("a", "1");
    // Nothing can take this name.
    fs::create_dir(store::with_suffix(&at.state, ".unsynced")).unwrap();
    assert!(checkpoint.save_unsynced().is_err());
    assert!(store::with_suffix(&at.state, ".reserve").exists());
}

#[test]
fn a_thousand_states_take_one_descriptor() {
    let at = place();
    let open = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open();
    let states: Vec<_> = (0..1000)
        .map(|n| load(&store::with_suffix(&at.state, format!("-{n}"))))
        .collect();
    // Other tests of this process open files, too.
    assert!(open() < before + 100, "{} are open", open());
    drop(states);
}

#[test]
fn a_state_is_locked_against_another_process() {
    let at = place();
    let first = load(&at.state);
    let lock = at.state.with_file_name(".lock");
    // A second open file description sees the lock as another process would.
    let other = fs::OpenOptions::new().write(true).open(lock).unwrap();
    let range = nix::libc::flock {
        l_type: nix::libc::F_WRLCK as _,
        l_whence: nix::libc::SEEK_SET as _,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    let lock_all = || nix::fcntl::fcntl(&other, nix::fcntl::FcntlArg::F_OFD_SETLK(&range));
    assert_eq!(lock_all(), Err(nix::errno::Errno::EAGAIN));
    drop(first);
    lock_all().unwrap();
    let error = Checkpoint::load(&at.state).unwrap_err();
    assert!(matches!(error, StateError::InUse { .. }), "{error}");
}

#[test]
fn a_state_of_a_later_version_is_not_touched() {
    let at = place();
    fs::write(&at.state, "{\"version\": 2, \"other\": true}").unwrap();
    let error = Checkpoint::load(&at.state).unwrap_err();
    assert!(
        matches!(
            error,
            StateError::Later {
                found: 2,
                known: 1,
                ..
            }
        ),
        "{error}"
    );
    assert!(at.state.exists());
}

#[test]
fn only_one_process_uses_a_state() {
    let at = place();
    let first = load(&at.state);
    let error = Checkpoint::load(&at.state).unwrap_err();
    assert!(matches!(error, StateError::InUse { .. }), "{error}");
    drop(first);
    load(&at.state);
}

#[test]
fn traps_are_refused() {
    let at = place();
    let victim = at.state.with_file_name("victim");
    fs::write(&victim, "precious").unwrap();
    let refused = |what: &str| {
        let error = Checkpoint::load(&at.state).unwrap_err();
        assert!(
            matches!(error, StateError::Untrusted { .. }),
            "{what}: {error}"
        );
    };
    symlink(&victim, &at.state).unwrap();
    refused("a symbolic link");
    fs::remove_file(&at.state).unwrap();
    fs::hard_link(&victim, &at.state).unwrap();
    refused("a hard link");
    fs::remove_file(&at.state).unwrap();
    nix::unistd::mkfifo(&at.state, nix::sys::stat::Mode::S_IRWXU).unwrap();
    refused("a FIFO");
    fs::remove_file(&at.state).unwrap();
    fs::write(&at.state, "{}").unwrap();
    fs::set_permissions(&at.state, fs::Permissions::from_mode(0o666)).unwrap();
    refused("what others can write");
    fs::remove_file(&at.state).unwrap();
    let lock = at.state.with_file_name(".lock");
    fs::remove_file(&lock).unwrap();
    symlink(&victim, &lock).unwrap();
    refused("a link for the lock");
    fs::remove_file(&lock).unwrap();

    // Anything in the place of the temporary file is removed, not followed.
    let checkpoint = load(&at.state);
    checkpoint.set_cursor("a", "b");
    symlink(&victim, store::with_suffix(&at.state, ".tmp")).unwrap();
    checkpoint.save().unwrap();
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
    assert_eq!(fs::metadata(&at.state).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_directory_that_others_can_write_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    check_state_dir(dir.path()).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let error = check_state_dir(dir.path()).unwrap_err();
    let fix = format!("run: chmod go-w {}", dir.path().display());
    assert!(error.to_string().ends_with(&fix), "{error}");
    assert!(check_state_dir(&dir.path().join("absent")).is_err());
}

#[test]
fn a_state_that_cannot_be_written_is_an_error_and_heals() {
    let at = place();
    let checkpoint = load(&at.state);
    checkpoint.set_cursor("a", "1");
    checkpoint.save().unwrap();
    // A directory that cannot be removed is in the place of the temporary file.
    let temporary = store::with_suffix(&at.state, ".tmp");
    fs::create_dir(&temporary).unwrap();
    checkpoint.set_cursor("a", "2");
    assert!(matches!(checkpoint.save(), Err(StateError::Io { .. })));
    assert!(checkpoint.save().is_err(), "it must go on trying");
    fs::remove_dir(&temporary).unwrap();
    checkpoint.save().unwrap();
    drop(checkpoint);
    assert_eq!(load(&at.state).cursor("a").as_deref(), Some("2"));
}

#[test]
fn the_mark_of_a_position_is_at_it_or_before() {
    let checkpoint = Checkpoint::in_memory();
    let progress = checkpoint.keep(saved(b"/log", 10));
    for end in [20, 30, 40] {
        progress.handed_over(Window::of(b"block", end));
    }
    let mark = || progress.saved().fingerprint.mark.end;
    assert_eq!(mark(), 10);
    progress.ack(29);
    assert_eq!(mark(), 20);
    progress.ack(40);
    assert_eq!(mark(), 40);
}

#[test]
fn a_position_is_dropped_when_it_is_forgotten_and_all_is_done() {
    let checkpoint = Checkpoint::in_memory();
    let progress = checkpoint.keep(saved(b"/log", 10));
    progress.handed_over(Window::of(b"block", 20));
    progress.forget();
    assert_eq!(offsets(&checkpoint), [10]);
    progress.ack(20);
    assert!(offsets(&checkpoint).is_empty());
}

#[test]
fn a_pattern_keeps_the_time_since_when_it_is_followed() {
    let checkpoint = Checkpoint::in_memory();
    let patterns = ["/a", "/b"].map(Pattern::new);
    assert!(checkpoint.cover(&patterns[..1]).is_empty());
    let first = checkpoint.state().patterns;
    let before = checkpoint.cover(&patterns);
    assert_eq!(before, first);
    assert_eq!(checkpoint.state().patterns[0], first[0]);
}
