//! Finding out whether any process still writes to a rotated file.
//!
//! A program that does not notice the rotation keeps writing to the old file, perhaps after hours
//! of silence. No call answers this without a lease on the file, so the descriptors of all processes are
//! searched, as fuser(1) does.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::unistd::geteuid;

/// `/proc/self/ns/pid` of the system itself, as opposed to a container: a constant of the kernel.
const INITIAL_NAMESPACE: &str = "pid:[4026531836]";

/// The time for which a scan of all processes is reused: many logs may be rotated at the
/// same time.
const FRESH: Duration = Duration::from_secs(10);

static LAST: Mutex<Option<Scan>> = Mutex::new(None);

/// The files that were open for writing at a time.
struct Scan {
    begun: Instant,
    /// Their inode numbers, and the entries in `/proc` that lead to them.
    open: Vec<(u64, PathBuf)>,
    /// Nothing was hidden.
    is_complete: bool,
}

/// True if another process has this file open for writing. `None` if that cannot be known: without
/// the rights of root, or in a container, whose processes do not see those outside.
///
/// The answer may be some seconds old, but not older than `since`.
pub(super) fn has_writer(file: &File, since: Instant) -> Option<bool> {
    let meta = file.metadata().ok()?;
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let is_fresh = |scan: &Scan| scan.begun >= since && scan.begun.elapsed() < FRESH;
    if !last.as_ref().is_some_and(is_fresh) {
        *last = Some(Scan::of_all());
    }
    let scan = last.as_ref()?;
    let is_it = |(inode, link): &(u64, PathBuf)| {
        let is_same = |other: fs::Metadata| (other.dev(), other.ino()) == (meta.dev(), meta.ino());
        // The file itself is examined only then: one on a dead network file system would block.
        *inode == meta.ino() && fs::metadata(link).is_ok_and(is_same)
    };
    match scan.open.iter().any(is_it) {
        true => Some(true),
        false => scan.is_complete.then_some(false),
    }
}

impl Scan {
    fn of_all() -> Self {
        let begun = Instant::now();
        let is_initial = fs::read_link("/proc/self/ns/pid")
            .is_ok_and(|namespace| namespace == Path::new(INITIAL_NAMESPACE));
        let mut scan = Scan {
            begun,
            open: Vec::new(),
            is_complete: is_initial && geteuid().is_root(),
        };
        let own = std::process::id().to_string();
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let name = process.file_name();
            let is_process = name
                .to_str()
                .is_some_and(|n| n.parse::<u32>().is_ok() && n != own);
            if is_process {
                scan.add_process(&process.path());
            }
        }
        scan
    }

    fn add_process(&mut self, process: &Path) {
        let descriptors = match fs::read_dir(process.join("fd")) {
            Ok(descriptors) => descriptors,
            Err(error) => {
                // It may have ended.
                self.is_complete &= error.kind() != std::io::ErrorKind::PermissionDenied;
                return;
            }
        };
        for descriptor in descriptors.flatten() {
            let link = descriptor.path();
            // Sockets, pipes and the like have no path.
            let is_path = |target: PathBuf| target.is_absolute() && !target.starts_with("/dev");
            if fs::read_link(&link).is_ok_and(is_path)
                && let Some(inode) = inode_if_writable(process, &link)
            {
                self.open.push((inode, link));
            }
        }
    }
}

/// The inode number of a descriptor that is open for writing.
fn inode_if_writable(process: &Path, link: &Path) -> Option<u64> {
    let info = fs::read_to_string(process.join("fdinfo").join(link.file_name()?)).ok()?;
    let value = |name: &str| info.lines().find_map(|line| line.strip_prefix(name));
    let flags = u32::from_str_radix(value("flags:")?.trim(), 8).ok()?;
    let mode = flags & nix::libc::O_ACCMODE as u32;
    if mode == nix::libc::O_RDONLY as u32 || flags & nix::libc::O_PATH as u32 != 0 {
        return None;
    }
    // Since Linux 5.14.
    match value("ino:") {
        Some(inode) => inode.trim().parse().ok(),
        None => Some(fs::metadata(link).ok()?.ino()),
    }
}
