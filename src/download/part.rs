//! What has arrived of a file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{DownloadError, Expected};

/// A file in the making, and the digest of what is there.
pub(super) struct Part {
    path: PathBuf,
    file: File,
    digest: Sha256,
    bytes: u64,
    /// Whether the beginning is from an earlier call.
    resumed: bool,
}

impl Part {
    /// The part beside `target`: what is there of it, or nothing.
    pub(super) fn beside(target: &Path) -> Result<Self, DownloadError> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let path = target.with_file_name(name);
        let opened = OpenOptions::new().read(true).append(true).create(true).open(&path);
        let mut digest = Sha256::new();
        let read = opened.and_then(|mut file| {
            let bytes = hash(&mut file, &mut digest)?;
            Ok((file, bytes))
        });
        match read {
            Ok((file, bytes)) => Ok(Self { path, file, digest, bytes, resumed: bytes > 0 }),
            Err(source) => Err(DownloadError::Write { path, source }),
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn was_resumed(&self) -> bool {
        self.resumed
    }

    pub(super) fn append(&mut self, chunk: &[u8]) -> Result<(), DownloadError> {
        self.file.write_all(chunk).map_err(|source| self.cannot_write(source))?;
        self.digest.update(chunk);
        self.bytes += chunk.len() as u64;
        Ok(())
    }

    /// Forgets what is there.
    pub(super) fn restart(&mut self) -> Result<(), DownloadError> {
        self.file.set_len(0).map_err(|source| self.cannot_write(source))?;
        self.digest = Sha256::new();
        (self.bytes, self.resumed) = (0, false);
        Ok(())
    }

    /// Removes the part from the disk.
    pub(super) fn discard(&self) {
        // Where it cannot be removed, the next call will empty it.
        std::fs::remove_file(&self.path).ok();
    }

    /// Gives a complete file its name and returns its digest; of a wrong one nothing stays.
    pub(super) fn finish(&mut self, url: &str, target: &Path, expected: &Expected) -> Result<String, DownloadError> {
        let found = hexadecimal(self.digest.clone());
        if let Some(digits) = expected.sha256.as_ref().filter(|digits| !found.starts_with(digits.as_str())) {
            if !self.resumed {
                self.discard();
            }
            return Err(DownloadError::Digest { url: url.to_owned(), found, expected: digits.clone() });
        }
        let named = self.file.sync_all().and_then(|()| std::fs::rename(&self.path, target));
        named.map_err(|source| DownloadError::Write { path: target.to_owned(), source })?;
        Ok(found)
    }

    fn cannot_write(&self, source: io::Error) -> DownloadError {
        DownloadError::Write { path: self.path.clone(), source }
    }
}

pub(super) fn sha256_of(path: &Path) -> io::Result<String> {
    let mut digest = Sha256::new();
    hash(&mut File::open(path)?, &mut digest)?;
    Ok(hexadecimal(digest))
}

/// Adds a file to a digest; its length.
fn hash(file: &mut File, digest: &mut Sha256) -> io::Result<u64> {
    let mut chunk = vec![0; super::CHUNK];
    let mut bytes = 0;
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(bytes),
            n => {
                digest.update(&chunk[..n]);
                bytes += n as u64;
            }
        }
    }
}

fn hexadecimal(digest: Sha256) -> String {
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
