//! One bot per database: a lock beside the file, which ends with the process that holds it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// The right to be the one that works on a database. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Instance(#[expect(dead_code, reason = "open, it holds the lock")] File);

impl Instance {
    /// Takes the right. `None`: another process has it.
    pub(crate) fn claim(database: &Path) -> io::Result<Option<Self>> {
        let mut name = database.as_os_str().to_owned();
        name.push(".lock");
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
