//! Files from the network: complete, checked, or not there at all.
//!
//! Comes in: an address, where the file shall be, and what is known of it. Goes out: the file, or why there is none. May not live
//! here: what the file is for.
//!
//! What has arrived is kept beside the place in a file with the ending `.part`, and gone on with by a range request, also in a
//! later call. Only a file whose length and digest are right gets its name.

mod part;

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use part::Part;
use ureq::http::{Response, StatusCode};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

/// Bytes that are read at once.
const CHUNK: usize = 1 << 16;

/// No file is larger than this: a server that never ends is cut off.
const LARGEST: u64 = 8 << 30;

/// Requests in a row that bring nothing before it is given up.
const ATTEMPTS: usize = 3;

/// Addresses that one leads to before it is given up.
const REDIRECTS: usize = 10;

/// After this time an answer is cut off and the rest asked for anew, so that a stalled connection does not last for ever.
const SLICE: Duration = Duration::from_secs(90);

/// How long to wait for a connection, or the beginning of an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Digits of a whole SHA-256.
const DIGITS: usize = 64;

/// What is known of a file before it is here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Its length.
    pub bytes: Option<u64>,
    /// The first digits of its SHA-256, or all 64, in lower case. Without any, those that the server announces count.
    pub sha256: Option<String>,
}

/// Why a file was not downloaded.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// Somebody stopped it; what is here is kept.
    #[error("the download was stopped")]
    Stopped,
    /// No answer, or one that ended early again and again.
    #[error("{url} cannot be reached: {reason}")]
    Unreachable {
        /// The address.
        url: String,
        /// What the network says.
        reason: String,
    },
    /// The server does not have the file.
    #[error("{url} was answered with {status}")]
    Refused {
        /// The address.
        url: String,
        /// The answer.
        status: StatusCode,
    },
    /// The server sent another length than is known or than it announced.
    #[error("{url} is a file of {found} bytes, expected {expected}")]
    Length {
        /// The address.
        url: String,
        /// What came.
        found: u64,
        /// What should have come.
        expected: u64,
    },
    /// The server sent something else.
    #[error("{url} is not the expected file: its SHA-256 is {found}, expected {expected}")]
    Digest {
        /// The address.
        url: String,
        /// Of what came.
        found: String,
        /// Of what should have come, or how that begins.
        expected: String,
    },
    /// The file cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Downloads `url` to `target`, which must not exist, and returns its SHA-256. `progress` is told how many bytes of how many are
/// here; where it says `false`, the download is stopped.
///
/// # Errors
/// If the file cannot be had, is not the expected one, or cannot be written. There is no `target` then.
pub fn download(
    url: &str,
    target: &Path,
    expected: &Expected,
    progress: &mut dyn FnMut(u64, Option<u64>) -> bool,
) -> Result<String, DownloadError> {
    let mut part = Part::beside(target)?;
    let mut fetch = Fetch { agent: agent(), url, expected: expected.clone(), progress };
    let result = fetch.whole(target, &mut part);
    if result.is_err() && part.bytes() == 0 {
        part.discard();
    }
    result
}

impl Fetch<'_> {
    /// Asks again and again, as long as something comes.
    fn whole(&mut self, target: &Path, part: &mut Part) -> Result<String, DownloadError> {
        let mut idle = 0;
        loop {
            let before = part.bytes();
            match self.once(part) {
                Ok(()) => match part.finish(self.url, target, &self.expected) {
                    // What was here from an earlier call may be of an older file.
                    Err(DownloadError::Digest { .. }) if part.was_resumed() => part.restart()?,
                    result => return result,
                },
                Err(Broken::Final(error)) => return Err(error),
                Err(Broken::Early(reason)) => {
                    idle = if part.bytes() > before { 0 } else { idle + 1 };
                    if idle >= ATTEMPTS {
                        return Err(DownloadError::Unreachable { url: self.url.to_owned(), reason });
                    }
                }
            }
        }
    }

    /// Asks for what is missing and takes it in.
    fn once(&mut self, part: &mut Part) -> Result<(), Broken> {
        let mut answer = self.ask(part.bytes())?;
        if part.bytes() > 0 && self.expected.sha256.is_none() {
            // Without a digest nobody could tell whether the rest is of the same file.
            part.restart()?;
            answer = self.ask(0)?;
        }
        let url = || self.url.to_owned();
        let total = match answer.status() {
            StatusCode::OK => {
                part.restart()?;
                header(&answer, "content-length").and_then(|text| text.parse().ok())
            }
            StatusCode::PARTIAL_CONTENT => match content_range(&answer) {
                Some((start, total)) if start == part.bytes() => total,
                _ => {
                    part.restart()?;
                    return Err(Broken::Early("the server sent another part than was asked for".into()));
                }
            },
            // All of it is here already, or the file has become shorter: its digest tells.
            StatusCode::RANGE_NOT_SATISFIABLE if part.bytes() > 0 => return Ok(()),
            status if status.is_server_error() => return Err(Broken::Early(format!("answered with {status}"))),
            status => return Err(DownloadError::Refused { url: url(), status }.into()),
        };
        if let (Some(found), Some(expected)) = (total, self.expected.bytes)
            && found != expected
        {
            return Err(DownloadError::Length { url: url(), found, expected }.into());
        }
        self.take(answer, part, total.or(self.expected.bytes))
    }

    /// Follows redirects to an answer that is none.
    fn ask(&mut self, start: u64) -> Result<Response<Body>, Broken> {
        let mut address = self.url.to_owned();
        for _ in 0..REDIRECTS {
            let mut request = self.agent.get(&address);
            if start > 0 {
                request = request.header("range", format!("bytes={start}-"));
            }
            let answer = request.call().map_err(|error| Broken::Early(error.to_string()))?;
            let announced = header(&answer, "x-linked-etag").map(|tag| tag.trim_matches('"').to_lowercase());
            if self.expected.sha256.is_none() {
                let is_digest = |tag: &String| tag.len() == DIGITS && tag.bytes().all(|b| b.is_ascii_hexdigit());
                self.expected.sha256 = announced.filter(is_digest);
            }
            let Some(place) = header(&answer, "location").filter(|_| answer.status().is_redirection()) else {
                return Ok(answer);
            };
            address = absolute(&address, place);
        }
        Err(DownloadError::Unreachable { url: self.url.to_owned(), reason: "it leads in circles".into() }.into())
    }

    fn take(&mut self, mut answer: Response<Body>, part: &mut Part, total: Option<u64>) -> Result<(), Broken> {
        let mut reader = answer.body_mut().as_reader();
        let mut chunk = vec![0; CHUNK];
        loop {
            if !(self.progress)(part.bytes(), total) {
                return Err(DownloadError::Stopped.into());
            }
            match reader.read(&mut chunk) {
                Ok(0) => break,
                Ok(n) => part.append(&chunk[..n])?,
                Err(error) => return Err(Broken::Early(error.to_string())),
            }
            if part.bytes() > total.unwrap_or(LARGEST) {
                let (found, expected) = (part.bytes(), total.unwrap_or(LARGEST));
                part.discard();
                return Err(DownloadError::Length { url: self.url.to_owned(), found, expected }.into());
            }
        }
        match total {
            Some(total) if part.bytes() < total => Err(Broken::Early("the answer ended early".into())),
            _ => Ok(()),
        }
    }
}

/// SHA-256 of a file, as [`download`] tells it.
///
/// # Errors
/// If it cannot be read.
pub fn sha256_of(path: &Path) -> io::Result<String> {
    part::sha256_of(path)
}

/// The proxy is taken from the environment (`HTTPS_PROXY`, `ALL_PROXY`, …); redirects are followed here, because one of the
/// answers may announce the digest. Whom to trust is the system's choice, so that it works behind an organisation's own proxy.
fn agent() -> Agent {
    let trusted = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .tls_config(trusted)
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_recv_body(Some(SLICE))
        .user_agent(concat!("camroi/", env!("CARGO_PKG_VERSION")));
    config.build().into()
}

/// Why an attempt ended.
enum Broken {
    /// Another one may succeed.
    Early(String),
    Final(DownloadError),
}

impl From<DownloadError> for Broken {
    fn from(error: DownloadError) -> Self {
        Self::Final(error)
    }
}

/// One download.
struct Fetch<'a> {
    agent: Agent,
    url: &'a str,
    /// Grows by what servers announce.
    expected: Expected,
    progress: &'a mut dyn FnMut(u64, Option<u64>) -> bool,
}

fn header<'a>(answer: &'a Response<Body>, name: &str) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}

/// `bytes 100-199/200` as where it begins and how long the whole is, if that is told.
fn content_range(answer: &Response<Body>) -> Option<(u64, Option<u64>)> {
    let (range, total) = header(answer, "content-range")?.strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split_once('-')?.0.parse().ok()?, total.parse().ok()))
}

/// Where a redirect from `address` leads.
fn absolute(address: &str, place: &str) -> String {
    if place.contains("://") {
        return place.to_owned();
    }
    let host = address.find("://").map_or(0, |at| at + 3);
    let path = address[host..].find('/').map_or(address.len(), |at| host + at);
    if place.starts_with('/') {
        return format!("{}{place}", &address[..path]);
    }
    let folder = address.rfind('/').filter(|at| *at >= path).map_or(address.len(), |at| at);
    format!("{}/{place}", &address[..folder])
}

#[cfg(test)]
mod tests {
    use super::absolute;

    #[test]
    fn redirects_lead_where_they_say() {
        assert_eq!(absolute("https://a.org/b/c", "https://d.org/e"), "https://d.org/e");
        assert_eq!(absolute("https://a.org/b/c", "/e"), "https://a.org/e");
        assert_eq!(absolute("https://a.org/b/c", "e"), "https://a.org/b/e");
        assert_eq!(absolute("https://a.org", "e"), "https://a.org/e");
    }
}
