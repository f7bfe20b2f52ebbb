//! Files that nobody else may read, that are put in place all at once and over no other, and of which nothing half stays.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, RenameFlags, renameat_with},
    io::Errno,
};

/// The folder that holds this file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The permission bits of what is there.
pub(crate) fn mode(path: &Path) -> Option<u32> {
    Some(fs::metadata(path).ok()?.permissions().mode() & 0o777)
}

/// The path with more text at its end.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Makes a file that only its owner may read; there must be none.
pub(crate) fn make_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Renames `draft` to `path`, unless there is such a file already.
fn move_into_place(draft: &Path, path: &Path) -> io::Result<()> {
    match renameat_with(CWD, draft, CWD, path, RenameFlags::NOREPLACE) {
        // Not every file system can do that; a second name for the file is as exclusive.
        Err(Errno::INVAL | Errno::NOSYS) => {
            fs::hard_link(draft, path)?;
            fs::remove_file(draft)
        }
        renamed => Ok(renamed?),
    }
}

/// Lets the names in a folder survive a power cut.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A file under way, and SQLite's files beside it. Removed when this is dropped, whatever the reason.
pub(crate) struct Draft(PathBuf);

impl Draft {
    /// A draft at a path of its own beside `path`, so that two of them do not meet. What a process that died left of its own
    /// goes.
    pub(crate) fn of(path: &Path) -> Self {
        for left in Self::left_beside(path) {
            drop(Self(left));
        }
        Self(Self::name_for(path))
    }

    /// The drafts of processes that are no more.
    fn left_beside(path: &Path) -> Vec<PathBuf> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_left = |file: &PathBuf| {
            let file = file.file_name().unwrap_or_default().to_string_lossy();
            let process = file.strip_prefix(&*name).and_then(|rest| {
                let process = rest.strip_prefix('.')?.strip_suffix(".partial")?;
                process.parse::<u32>().ok()
            });
            process.is_some_and(|process| {
                process == std::process::id() || !Path::new(&format!("/proc/{process}")).exists()
            })
        };
        let entries = fs::read_dir(folder_of(path)).into_iter().flatten();
        let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
        files.filter(is_left).collect()
    }

    /// Where that is.
    pub(crate) fn name_for(path: &Path) -> PathBuf {
        beside(path, &format!(".{}.partial", std::process::id()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes it with these bytes, on disk.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = make_private(&self.0)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    /// Puts it in place of a file, whose owner, group and mode it takes over.
    pub(crate) fn replace(self, path: &Path) -> io::Result<()> {
        let (old, new) = (fs::metadata(path)?, fs::metadata(&self.0)?);
        if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
            chown(&self.0, Some(old.uid()), Some(old.gid()))?;
        }
        fs::set_permissions(&self.0, old.permissions())?;
        fs::rename(&self.0, path)?;
        sync(folder_of(path))
    }

    /// Puts it in place, unless there is such a file already.
    pub(crate) fn keep_as(self, path: &Path) -> io::Result<()> {
        move_into_place(&self.0, path)?;
        sync(folder_of(path))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            // Fails when there is none.
            let _ = fs::remove_file(beside(&self.0, suffix));
        }
    }
}
