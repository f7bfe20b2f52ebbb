//! One at a time: a lock beside a file, which ends with the process that holds it. One bot per database, and one command that
//! changes the key file.

use super::files::beside;
use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// The right to be the one that works on a file. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Instance(#[expect(dead_code, reason = "open, it holds the lock")] File);

impl Instance {
    /// Takes the right. `None`: another process has it.
    pub(crate) fn claim(file: &Path) -> io::Result<Option<Self>> {
        // A file of its own, since the one it is about may be replaced.
        let name = beside(file, ".lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(name)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_has_it_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("addx.db");
        let first = Instance::claim(&database).unwrap();
        assert!(first.is_some());
        assert!(Instance::claim(&database).unwrap().is_none());
        drop(first);
        assert!(Instance::claim(&database).unwrap().is_some());
    }
}
