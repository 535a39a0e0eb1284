//! The values of `$recall{NAME}`.

/// The longest value that is stored, in bytes. A record may be as long as a megabyte, and its
/// writer must not choose how much memory the watcher uses.
const MAX_VALUE: usize = 1024;

/// The values that a rule sees as `$recall{NAME}`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recalled(Vec<(Vec<u8>, Vec<u8>)>);

impl Recalled {
    /// A value by name; empty if there is none.
    pub(crate) fn get(&self, name: &[u8]) -> &[u8] {
        let mut named = self.0.iter().filter(|(known, _)| known == name);
        named.next().map_or(&[], |(_, value)| value)
    }

    /// Names and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    pub(crate) fn has(&self, name: &[u8]) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    pub(crate) fn set(&mut self, name: &[u8], mut value: Vec<u8>) {
        value.truncate(MAX_VALUE);
        self.forget(name);
        self.0.push((name.to_vec(), value));
    }

    pub(crate) fn forget(&mut self, name: &[u8]) {
        self.0.retain(|(known, _)| known != name);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
