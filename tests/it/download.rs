//! Downloads from a server in the test, which can be told to misbehave.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use camroi::download::{DownloadError, Expected, download, sha256_of};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// What the server does with a request that asks for the bytes from `start`, if it asks for a range.
pub(crate) type Answer = fn(start: Option<u64>, stream: &mut TcpStream);

pub(crate) struct Server {
    pub(crate) url: String,
    /// Where the ranges of the requests began.
    asked: Arc<Mutex<Vec<Option<u64>>>>,
}

/// The file.
fn content() -> Vec<u8> {
    (0..300_000_u64).map(|i| (i * i / 7) as u8).collect()
}

fn digest() -> String {
    Sha256::digest(content()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Answers the requests one after the other, the last way for good.
pub(crate) fn serve(answers: &'static [Answer]) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/weights/file.pth", listener.local_addr().unwrap());
    let asked: Arc<Mutex<Vec<_>>> = Arc::default();
    let log = Arc::clone(&asked);
    std::thread::spawn(move || {
        for (i, stream) in listener.incoming().flatten().enumerate() {
            let mut stream = stream;
            let mut start = None;
            for line in BufReader::new(&stream).lines().map_while(Result::ok) {
                if let Some(range) = line.to_lowercase().strip_prefix("range: bytes=") {
                    start = range.trim_end_matches('-').parse().ok();
                }
                if line.is_empty() {
                    break;
                }
            }
            log.lock().unwrap().push(start);
            answers[i.min(answers.len() - 1)](start, &mut stream);
        }
    });
    Server { url, asked }
}

/// Sends a head and a body; whoever hangs up early is no concern of the server.
pub(crate) fn send(stream: &mut TcpStream, head: &str, body: &[u8]) {
    let head = format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).ok();
}

fn whole(_: Option<u64>, stream: &mut TcpStream) {
    let body = content();
    send(stream, &format!("200 OK\r\ncontent-length: {}", body.len()), &body);
}

fn ranged(start: Option<u64>, stream: &mut TcpStream) {
    let body = content();
    match start {
        None => whole(None, stream),
        Some(start) if start < body.len() as u64 => {
            let (total, rest) = (body.len(), &body[start as usize..]);
            let range = format!("bytes {start}-{}/{total}", total - 1);
            send(stream, &format!("206 OK\r\ncontent-length: {}\r\ncontent-range: {range}", rest.len()), rest);
        }
        Some(_) => send(stream, "416 No\r\ncontent-length: 0", b""),
    }
}

/// Half of what it promises.
fn interrupted(_: Option<u64>, stream: &mut TcpStream) {
    let body = content();
    send(stream, &format!("200 OK\r\ncontent-length: {}", body.len()), &body[..body.len() / 2]);
}

fn other(_: Option<u64>, stream: &mut TcpStream) {
    let body = vec![7; content().len()];
    send(stream, &format!("200 OK\r\ncontent-length: {}", body.len()), &body);
}

fn short(_: Option<u64>, stream: &mut TcpStream) {
    send(stream, "200 OK\r\ncontent-length: 1000", &content());
}

fn without_length(_: Option<u64>, stream: &mut TcpStream) {
    send(stream, "200 OK", &content());
}

fn wrong_range(_: Option<u64>, stream: &mut TcpStream) {
    let body = content();
    send(stream, &format!("206 OK\r\ncontent-range: bytes 5-{}/{}", body.len() - 1, body.len()), &body[5..]);
}

fn missing(_: Option<u64>, stream: &mut TcpStream) {
    send(stream, "404 Not Found\r\ncontent-length: 0", b"");
}

/// What a hub does: the file is elsewhere, and the digest is told on the way.
fn redirected(_: Option<u64>, stream: &mut TcpStream) {
    let tag = digest();
    send(stream, &format!("302 Found\r\nlocation: /elsewhere\r\nx-linked-etag: \"{tag}\"\r\ncontent-length: 0"), b"");
}

fn redirected_with_another_digest(_: Option<u64>, stream: &mut TcpStream) {
    let tag = "0".repeat(64);
    send(stream, &format!("302 Found\r\nlocation: /elsewhere\r\nx-linked-etag: \"{tag}\"\r\ncontent-length: 0"), b"");
}

fn circle(_: Option<u64>, stream: &mut TcpStream) {
    send(stream, "302 Found\r\nlocation: /weights/file.pth\r\ncontent-length: 0", b"");
}

struct Place {
    _folder: TempDir,
    target: PathBuf,
    part: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("file.pth");
    Place { part: folder.path().join("file.pth.part"), _folder: folder, target }
}

fn known() -> Expected {
    Expected { bytes: None, sha256: Some(digest()[..8].to_owned()) }
}

fn fetch(server: &Server, place: &Place, expected: &Expected) -> Result<String, DownloadError> {
    download(&server.url, &place.target, expected, &mut |_, _| true)
}

/// The file is there, whole, and nothing beside it.
fn check(place: &Place) {
    assert!(std::fs::read(&place.target).unwrap() == content(), "other bytes than were sent");
    assert!(!place.part.exists());
}

/// Nothing has the file's name; returns what is kept beside it.
fn kept(place: &Place) -> Option<u64> {
    assert!(!place.target.exists(), "half a file under the final name");
    std::fs::metadata(&place.part).ok().map(|m| m.len())
}

#[test]
fn a_file_arrives_with_its_digest_and_its_progress() {
    let (server, place) = (serve(&[whole]), place());
    let mut told = Vec::new();
    let found = download(&server.url, &place.target, &known(), &mut |done, total| {
        told.push((done, total));
        true
    })
    .unwrap();
    assert_eq!(found, digest());
    assert!(told.windows(2).all(|pair| pair[0].0 <= pair[1].0) && told.iter().all(|t| t.1 == Some(300_000)));
    assert_eq!(told.last().map(|t| t.0), Some(300_000));
    assert_eq!(sha256_of(&place.target).unwrap(), digest());
    check(&place);
}

#[test]
fn an_interrupted_file_is_gone_on_with() {
    let (server, place) = (serve(&[interrupted, ranged]), place());
    fetch(&server, &place, &known()).unwrap();
    assert_eq!(*server.asked.lock().unwrap(), [None, Some(150_000)]);
    check(&place);
}

#[test]
fn a_stopped_file_is_gone_on_with_by_a_later_call() {
    let (server, place) = (serve(&[ranged]), place());
    let stopped = download(&server.url, &place.target, &known(), &mut |done, _| done < 100_000);
    assert!(matches!(stopped, Err(DownloadError::Stopped)));
    let here = kept(&place);
    assert!(here.is_some_and(|bytes| bytes >= 100_000));
    fetch(&server, &place, &known()).unwrap();
    assert_eq!(server.asked.lock().unwrap()[1], here);
    check(&place);
}

#[test]
fn a_whole_answer_to_a_range_starts_anew() {
    let (server, place) = (serve(&[interrupted, whole]), place());
    fetch(&server, &place, &known()).unwrap();
    check(&place);
}

#[test]
fn another_range_than_was_asked_for_is_not_taken() {
    let (server, place) = (serve(&[interrupted, wrong_range, ranged]), place());
    fetch(&server, &place, &known()).unwrap();
    check(&place);
}

#[test]
fn a_part_that_is_whole_already_is_only_checked() {
    let (server, place) = (serve(&[ranged]), place());
    std::fs::write(&place.part, content()).unwrap();
    fetch(&server, &place, &known()).unwrap();
    check(&place);
}

#[test]
fn a_part_of_another_file_is_thrown_away() {
    let (server, place) = (serve(&[ranged]), place());
    std::fs::write(&place.part, vec![1; 5000]).unwrap();
    fetch(&server, &place, &known()).unwrap();
    check(&place);
}

#[test]
fn a_wrong_digest_leaves_nothing() {
    let (server, place) = (serve(&[other]), place());
    assert!(matches!(fetch(&server, &place, &known()), Err(DownloadError::Digest { .. })));
    assert_eq!(kept(&place), None);
}

#[test]
fn lengths_that_are_lies_are_noticed() {
    let place_of_short = place();
    assert!(matches!(fetch(&serve(&[short]), &place_of_short, &known()), Err(DownloadError::Digest { .. })));
    assert_eq!(kept(&place_of_short), None);
    let place_of_long = place();
    let never_whole = fetch(&serve(&[interrupted]), &place_of_long, &known());
    assert!(matches!(never_whole, Err(DownloadError::Unreachable { .. })));
    kept(&place_of_long);
    let place_of_other = place();
    let expected = Expected { bytes: Some(12), ..known() };
    let other = fetch(&serve(&[whole]), &place_of_other, &expected);
    assert!(matches!(other, Err(DownloadError::Length { found: 300_000, expected: 12, .. })));
    kept(&place_of_other);
    let place_of_none = place();
    fetch(&serve(&[without_length]), &place_of_none, &known()).unwrap();
    check(&place_of_none);
}

#[test]
fn a_missing_file_is_told_with_the_answer() {
    let (server, place) = (serve(&[missing]), place());
    let message = fetch(&server, &place, &known()).map_err(|e| e.to_string()).err().unwrap_or_default();
    assert!(message.ends_with("was answered with 404 Not Found"), "{message}");
    kept(&place);
}

#[test]
fn no_server_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let place = place();
    let result = download(&url, &place.target, &known(), &mut |_, _| true);
    assert!(matches!(result, Err(DownloadError::Unreachable { .. })));
    kept(&place);
}

#[test]
fn the_digest_that_a_hub_announces_counts() {
    let right = place();
    assert_eq!(fetch(&serve(&[redirected, whole]), &right, &Expected::default()).unwrap(), digest());
    check(&right);
    let wrong = place();
    let result = fetch(&serve(&[redirected_with_another_digest, whole]), &wrong, &Expected::default());
    assert!(matches!(result, Err(DownloadError::Digest { .. })));
    assert_eq!(kept(&wrong), None);
}

#[test]
fn a_circle_of_redirects_ends() {
    let place = place();
    assert!(matches!(fetch(&serve(&[circle]), &place, &known()), Err(DownloadError::Unreachable { .. })));
}
