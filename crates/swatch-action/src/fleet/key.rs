//! The key of the fleet, which signs and verifies what hosts tell each other.

use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub(crate) use crate::secret::SecretError;
use crate::secret::secret_lines;

/// Separates these signatures from all others that the same key may be used for.
const DOMAIN: &[u8] = b"swatch-rs fleet entry v1\0";

/// The characters of the shortest key that is accepted: 16 random bytes in hexadecimal.
const SHORTEST: usize = 32;

/// The keys of a fleet: the first signs, all verify.
#[derive(Clone)]
pub(crate) struct Keys(Vec<Vec<u8>>);

impl Keys {
    /// Reads the key file: one line, or two while the key is changed.
    pub(super) fn read(path: &Path) -> Result<Self, SecretError> {
        let what = "the fleet's key";
        let refuse = |problem| {
            Err(SecretError::Content {
                what,
                path: path.to_owned(),
                problem,
            })
        };
        let lines = secret_lines(what, path).map_err(|error| match error {
            SecretError::Read {
                what, path, source, ..
            } => SecretError::Read {
                what,
                path,
                make: "openssl rand -hex 32",
                source,
            },
            other => other,
        })?;
        if lines.is_empty() || lines.len() > 2 {
            return refuse("one line with the key is expected, or two while the key is changed");
        }
        if lines.iter().any(|line| line.len() < SHORTEST) {
            return refuse(
                "a key of at least 32 characters is expected, such as of `openssl rand -hex 32`",
            );
        }
        Ok(Self(lines.into_iter().map(String::into_bytes).collect()))
    }

    /// The signature of a text, in hexadecimal.
    pub(super) fn sign(&self, text: &[u8]) -> String {
        let key = self.0.first().map_or(&[][..], Vec::as_slice);
        let mac = mac(key, text).map(|mac| mac.finalize().into_bytes().to_vec());
        hex(&mac.unwrap_or_default())
    }

    /// True if one of the keys has made this signature.
    pub(super) fn verify(&self, text: &[u8], signature: &str) -> bool {
        let Some(bytes) = unhex(signature) else {
            return false;
        };
        self.0
            .iter()
            .filter_map(|key| mac(key, text))
            .any(|mac| mac.verify_slice(&bytes).is_ok())
    }
}

/// HMAC takes a key of any length, so there always is one.
fn mac(key: &[u8], text: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(DOMAIN);
    mac.update(text);
    Some(mac)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair)
            .ok()
            .filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    };
    pairs.map(byte).collect()
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn file(text: &str, mode: u32) -> tempfile::TempPath {
        // Not in a folder that everybody can write to.
        let dir = std::env::current_exe().expect("a test has a path");
        let file =
            tempfile::NamedTempFile::new_in(dir.parent().expect("a folder")).expect("a file");
        fs::write(file.path(), text).expect("write");
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).expect("chmod");
        file.into_temp_path()
    }

    #[test]
    fn two_keys_are_accepted_and_the_first_signs() {
        let (old, new) = ("o".repeat(32), "n".repeat(32));
        let read = |text: String| Keys::read(&file(&text, 0o600)).expect("a key");
        let (before, during, after) = (
            read(format!("{old}\n")),
            read(format!("# change\n{new}\n{old}\n")),
            read(format!("{new}\n")),
        );
        assert!(during.verify(b"text", &before.sign(b"text")));
        assert!(after.verify(b"text", &during.sign(b"text")));
        assert!(!after.verify(b"text", &before.sign(b"text")));
        assert!(!after.verify(b"Text", &after.sign(b"text")));
        for signature in ["", "0", "zz", "é"] {
            assert!(!after.verify(b"text", signature));
        }
    }

    #[test]
    fn a_key_that_others_read_or_that_is_none_is_refused() {
        let error = |text: &str, mode| {
            let error = Keys::read(&file(text, mode)).err().expect("an error");
            error.to_string()
        };
        let good = "k".repeat(32);
        assert!(error(&good, 0o644).contains("chmod 600"));
        assert!(error("", 0o600).contains("one line"));
        assert!(error("short", 0o600).contains("32 characters"));
        assert!(error(&format!("{good}\n{good}\n{good}"), 0o600).contains("two while"));
        let missing = Keys::read(Path::new("/nowhere/key"))
            .err()
            .expect("an error");
        assert!(missing.to_string().contains("openssl rand"), "{missing}");
    }
}
