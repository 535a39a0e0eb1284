//! File descriptors: those that were inherited, and how many there may be.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use super::background;

/// Closes the descriptors from 3 on, so that no command inherits them. Those that the command
/// line names (`-f /dev/fd/63`, the shell's `<(command)`) stay open.
///
/// To be called before this process opens anything.
pub fn close_inherited(args: &[OsString]) {
    let ready = background::ready_fd().and_then(Result::ok);
    let Ok(entries) = fs::read_dir("/proc/self/fd") else {
        return;
    };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let numbers: Vec<i32> = numbers.collect();
    for number in numbers {
        if number > 2 && ready != Some(number) && !is_named(number, args) {
            // The descriptor of the directory itself is closed already.
            let _ = nix::unistd::close(number);
        }
    }
}

fn is_named(number: i32, args: &[OsString]) -> bool {
    let ends = [
        format!("/dev/fd/{number}"),
        format!("/proc/self/fd/{number}"),
    ];
    args.iter().any(|arg| {
        let mut words = arg.as_bytes().split(u8::is_ascii_whitespace);
        words.any(|word| ends.iter().any(|end| word.ends_with(end.as_bytes())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_is_named_by_its_whole_number() {
        let args = ["-f", "/dev/fd/63"].map(OsString::from);
        assert!(is_named(63, &args));
        assert!(!is_named(3, &args));
        assert!(!is_named(6, &args));
    }
}
