//! What was done with credentials: one JSON line for each request that got one, and for each refusal.
//!
//! `$AUTHSOME_HOME/audit.jsonl` (0600) is written by a thread of its own, so that no request waits
//! for the disk; each write(2) appends whole lines, so that sessions may share it. No record is
//! dropped while the file can be written: a request waits when [`WAITING`] records do. It holds no
//! secret, no header and no query: who may read it learns where and when, not what.

use cli::Home;
use cli::files::cannot;
use host::Authority;
use mitm::{Answered, Refusal};
use proto::Result;
use serde::Serialize;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Records on their way to the file.
const WAITING: usize = 4096;

/// Pause of the writer between two looks for records: waking it for each costs more than the record.
const PAUSE: Duration = Duration::from_millis(20);

/// A file larger than this is renamed to `audit.jsonl.1`, in the place of the one before.
const LARGE: u64 = 16 << 20;

/// Characters of a path that are kept.
const PATH: usize = 512;

/// The open file; dropping it writes what is left.
pub struct Audit {
    sender: Option<SyncSender<Event>>,
    writer: Option<JoinHandle<()>>,
}

/// One line.
#[derive(Debug, Serialize)]
pub struct Event {
    /// Unix seconds.
    time: i64,
    /// The process id of the session's `run`.
    session: u32,
    /// `injected` or `refused`.
    event: &'static str,
    /// `PROVIDER/CONNECTION`.
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    host: String,
    port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// The provider's, or ours.
    status: u16,
    /// Of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

impl Event {
    pub fn injected(connection: &str, answered: &Answered<'_>) -> Event {
        Event {
            connection: Some(connection.to_owned()),
            method: Some(answered.method.to_string()),
            path: Some(cut(answered.path).to_owned()),
            ..Event::new("injected", answered.authority, answered.status)
        }
    }

    pub fn refused(to: &Authority, refusal: &Refusal) -> Event {
        Event { code: Some(refusal.code.clone()), ..Event::new("refused", to, refusal.status.as_u16()) }
    }

    fn new(event: &'static str, to: &Authority, status: u16) -> Event {
        Event {
            time: proto::time::now(),
            session: std::os::unix::process::parent_id(),
            event,
            connection: None,
            method: None,
            host: to.host.to_string(),
            port: to.port,
            path: None,
            status,
            code: None,
        }
    }
}

impl Audit {
    /// # Errors
    /// When the file cannot be written: a session whose deeds nobody can look up does not begin.
    pub fn open(home: &Home) -> Result<Audit> {
        Audit::bounded(home, LARGE)
    }

    fn bounded(home: &Home, large: u64) -> Result<Audit> {
        if !home.path().exists() {
            home.make()?;
        }
        let path = home.path().join("audit.jsonl");
        let failed = |error| cannot("write", &path, &error);
        let mut file = match open(&path) {
            // A home on a read-only disk can hold no audit. One warning says so.
            Err(error) if matches!(error.kind(), ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied) => {
                eprintln!("authsome-proxy: no audit of this session: cannot write {}: {error}", path.display());
                return Ok(Audit { sender: None, writer: None });
            }
            opened => opened.map_err(failed)?,
        };
        if let Some(next) = successor(&file, &path, large).map_err(failed)? {
            file = next;
        }
        let (sender, receiver) = sync_channel(WAITING);
        let writer = std::thread::spawn(move || write(file, &path, large, receiver));
        Ok(Audit { sender: Some(sender), writer: Some(writer) })
    }

    /// From a thread of a multi-threaded runtime.
    pub fn tell(&self, event: Event) {
        let Some(sender) = &self.sender else { return };
        if let Err(TrySendError::Full(event)) = sender.try_send(event) {
            // A writer that has ended said so.
            tokio::task::block_in_place(|| drop(sender.send(event)));
        }
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.sender = None;
        let Some(writer) = self.writer.take() else { return };
        writer.thread().unpark();
        // It told its errors itself.
        let _ = writer.join();
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    let no_link = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(no_link).open(path)
}

/// The file to go on with when this one has become large.
fn successor(file: &File, path: &Path, large: u64) -> std::io::Result<Option<File>> {
    if file.metadata()?.len() <= large {
        return Ok(None);
    }
    // Of the sessions that share it, the first to have the lock renames it; the others find another there.
    file.lock()?;
    let (own, there) = (file.metadata()?, fs::symlink_metadata(path));
    if there.is_ok_and(|there| (there.dev(), there.ino()) == (own.dev(), own.ino())) {
        fs::rename(path, path.with_extension("jsonl.1"))?;
    }
    open(path).map(Some)
}

fn write(mut file: File, path: &Path, large: u64, receiver: Receiver<Event>) {
    let shown = path.display();
    let mut lost = 0;
    let mut lines = Vec::new();
    while let Ok(first) = receiver.recv() {
        let mut count = 0;
        for event in std::iter::once(first).chain(receiver.try_iter().take(WAITING)) {
            // A record is plain fields; nothing of it can fail to be JSON.
            let _ = serde_json::to_writer(&mut lines, &event);
            lines.push(b'\n');
            count += 1;
        }
        if let Err(error) = file.write_all(&lines) {
            if lost == 0 {
                eprintln!("authsome-proxy: cannot write {shown}: {error}");
            }
            lost += count;
        }
        lines.clear();
        // What cannot be renamed goes on growing.
        if let Ok(Some(next)) = successor(&file, path, large) {
            file = next;
        }
        if count < WAITING {
            std::thread::park_timeout(PAUSE);
        }
    }
    if lost > 0 {
        eprintln!("authsome-proxy: {lost} records are missing in {shown}");
    }
}

fn cut(path: &str) -> &str {
    path.char_indices().nth(PATH).map_or(path, |(end, _)| &path[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: u16) -> Event {
        Event::refused(
            &"api.test:443".parse().unwrap(),
            &Refusal::new(http::StatusCode::FORBIDDEN, format!("n{number}"), ""),
        )
    }

    #[test]
    fn every_record_is_one_line_of_a_private_file_even_when_more_come_than_may_wait() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(directory.path())).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let audit = Audit::open(&home).unwrap();
        let many = u16::try_from(WAITING * 3).unwrap();
        let audit = runtime.block_on(async move {
            tokio::spawn(async move {
                (0..many).for_each(|number| audit.tell(event(number)));
                audit
            })
            .await
            .unwrap()
        });
        drop(audit);
        let path = home.path().join("audit.jsonl");
        let text = fs::read_to_string(&path).unwrap();
        let codes: Vec<String> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["code"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(codes, (0..many).map(|number| format!("n{number}")).collect::<Vec<_>>());
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777, 0o600);
    }

    #[test]
    fn a_large_file_makes_room_when_a_session_begins() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(directory.path())).unwrap();
        let path = home.path().join("audit.jsonl");
        File::create(&path).unwrap().set_len(LARGE + 1).unwrap();
        drop(Audit::open(&home).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().len(), 0);
        assert_eq!(fs::metadata(home.path().join("audit.jsonl.1")).unwrap().len(), LARGE + 1);
    }

    #[test]
    fn sessions_that_share_a_large_file_make_room_once_and_lose_no_record() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(directory.path())).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let path = home.path().join("audit.jsonl");
        File::create(&path).unwrap().set_len(999).unwrap();
        let sessions = [(); 2].map(|()| Audit::bounded(&home, 1000).unwrap());
        // Both hold the file that the first record makes large.
        runtime.block_on(async move {
            tokio::spawn(async move { sessions.iter().for_each(|audit| audit.tell(event(1))) }).await.unwrap();
        });
        let older = fs::metadata(home.path().join("audit.jsonl.1")).unwrap().len();
        let newer = fs::metadata(&path).unwrap().len();
        let record = serde_json::to_vec(&event(1)).unwrap().len() as u64 + 1;
        assert_eq!(older + newer, 999 + 2 * record);
        assert!(older > 1000);
    }

    #[test]
    fn a_link_in_the_place_of_the_file_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(directory.path())).unwrap();
        std::os::unix::fs::symlink("/dev/null", home.path().join("audit.jsonl")).unwrap();
        assert!(Audit::open(&home).is_err());
    }
}
