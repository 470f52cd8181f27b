//! A campaign that outlives its process: every request that changed something, in a file, one to a line.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use serde_json::Value;

/// The file, open for what comes next.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
}

impl Log {
    /// Opens or makes the file; returns the requests that it holds. A last line that was cut off by a
    /// crash was never answered, and is removed.
    pub(super) fn open(path: &Path) -> std::io::Result<(Log, Vec<Value>)> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        let (mut requests, mut whole) = (Vec::new(), 0_u64);
        let mut reader = BufReader::new(&mut file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line)?;
            if read == 0 {
                break;
            }
            if line.last() != Some(&b'\n') {
                break;
            }
            let number = requests.len() + 1;
            requests.push(serde_json::from_slice(&line).map_err(|error| {
                std::io::Error::other(format!(
                    "{}, line {number}: {error}: found something else than a request that was logged",
                    path.display()
                ))
            })?);
            whole += read as u64;
        }
        drop(reader);
        if file.metadata()?.len() > whole {
            file.set_len(whole)?;
        }
        Ok((Log { file }, requests))
    }

    /// Adds a request; it is on the disk when this returns.
    pub(super) fn keep(&mut self, request: &Value) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_data()
    }
}
