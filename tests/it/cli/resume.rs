//! Killed and interrupted runs go on as if nothing had happened.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;
use std::time::Instant;

use super::{camroi, command, data_set, export, reference, succeed};
use crate::moments::Moments;

#[test]
fn a_run_killed_ten_times_exports_the_bytes_of_an_undisturbed_one() {
    let dir = data_set();
    let start = Instant::now();
    succeed(&dir, &["analyze", "photos", "--out", "undisturbed.camroi"]);
    let whole = start.elapsed();
    let mut moments = Moments::new();
    for _ in 0..10 {
        let mut child = command(&dir, &["analyze", "photos", "--out", "a.camroi", "--batch", "1"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(whole.mul_f64(moments.next()));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    succeed(&dir, &["analyze", "photos", "--out", "a.camroi"]);
    assert_eq!(export(&dir, "a.camroi"), export(&dir, "undisturbed.camroi"));
    assert_eq!(export(&dir, "a.camroi"), reference());
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_saves_what_it_has_and_says_how_to_go_on() {
    let dir = data_set();
    let mut child = command(&dir, &["analyze", "photos", "--batch", "1", "--threads", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut messages = BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    messages.read_line(&mut told).unwrap();
    assert_eq!(told, "8 photos, 8 to analyse\n");
    let signal = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(signal.success());
    messages.read_to_string(&mut told).unwrap();
    let code = child.wait().unwrap().code();
    // A fast machine may be done before the signal arrives.
    if code != Some(0) {
        assert_eq!(code, Some(130), "{told}");
        assert!(told.contains("camroi analyze photos.camroi"), "{told}");
    }
    let resumed = camroi(&dir, &["analyze", "photos.camroi"]);
    assert_eq!(resumed.code, Some(0), "{}", resumed.err);
    assert_eq!(export(&dir, "photos.camroi"), reference());
}
