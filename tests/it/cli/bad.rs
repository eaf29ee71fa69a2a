//! What cannot be used is told in one line, with exit status 1 for photos and 2 for everything else.

use std::fs::{self, File};
use std::path::Path;

use image::codecs::gif::GifEncoder;
use image::{Frame, ImageBuffer, Luma, Rgba, RgbaImage};
use tempfile::TempDir;

use super::{add, camroi, data_set, demo_photo, export, objects, succeed};

/// A valid PNG of one bit a pixel, all 0, in a few hundred kilobytes: deflate's fixed code repeats the first byte 258 at a time.
fn large_png(side: u32) -> Vec<u8> {
    let bytes = side as usize * (1 + side as usize / 8);
    let mut bits = Bits::default();
    bits.push(0b1, 1);
    bits.push(0b01, 2);
    bits.push_code(0b0011_0000, 8);
    for _ in 0..(bytes - 1) / 258 {
        bits.push_code(0b1100_0101, 8);
        bits.push_code(0, 5);
    }
    for _ in 0..(bytes - 1) % 258 {
        bits.push_code(0b0011_0000, 8);
    }
    bits.push_code(0, 7);
    let adler = (((bytes % 65_521) as u32) << 16) | 1;
    let data = [&[0x78, 0x01][..], &bits.finish(), &adler.to_be_bytes()].concat();
    let header = [&side.to_be_bytes()[..], &side.to_be_bytes(), &[1, 0, 0, 0, 0]].concat();
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &header), &chunk(b"IDAT", &data), &chunk(b"IEND", b"")].concat()
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let named = [&name[..], data].concat();
    [&(data.len() as u32).to_be_bytes()[..], &named, &crc32(&named).to_be_bytes()].concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xEDB8_8320 } else { c >> 1 })
    };
    !bytes.iter().fold(!0, step)
}

/// Deflate's order of bits.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    /// A number, lowest bit first.
    fn push(&mut self, value: u32, count: u32) {
        for i in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= (((value >> i) & 1) as u8) << (self.used % 8);
            self.used += 1;
        }
    }

    /// A code word, highest bit first.
    fn push_code(&mut self, code: u32, count: u32) {
        self.push(code.reverse_bits() >> (32 - count), count);
    }

    fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

fn animated_gif(path: &Path) {
    let mut encoder = GifEncoder::new(File::create(path).unwrap());
    let color = |c| Frame::new(RgbaImage::from_pixel(80, 60, Rgba([c, 255 - c, 0, 255])));
    encoder.encode_frames([color(0), color(255)]).unwrap();
}

/// A class folder of good and bad files, beside one of good photos.
fn bad_data_set() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    add(&dir, "dam/dam1.jpg", "good/dam.jpg");
    let bad = dir.path().join("photos/bad");
    fs::create_dir_all(&bad).unwrap();
    let photo = fs::read(demo_photo("dam/dam2.jpg")).unwrap();
    fs::write(bad.join("truncated.jpg"), &photo[..photo.len() / 2]).unwrap();
    fs::write(bad.join("empty.jpg"), b"").unwrap();
    fs::write(bad.join("text.jpg"), b"This is a letter, not a photo.\n").unwrap();
    fs::write(bad.join("large.png"), large_png(20_000)).unwrap();
    let cmyk = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/preprocess/cmyk.jpg");
    fs::copy(cmyk, bad.join("cmyk.jpg")).unwrap();
    let grey = ImageBuffer::from_fn(90, 70, |x, y| Luma([(x * 700 + y) as u16]));
    grey.save(bad.join("grey16.png")).unwrap();
    animated_gif(&bad.join("animated.gif"));
    fs::create_dir(bad.join("folder.jpg")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::os::unix::fs::symlink("/nowhere/at/all.jpg", bad.join("dangling.jpg")).unwrap();
        let locked = bad.join("unreadable.jpg");
        fs::write(&locked, &photo).unwrap();
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    }
    dir
}

#[test]
fn good_photos_are_analysed_and_bad_ones_listed() {
    let dir = bad_data_set();
    let done = camroi(&dir, &["analyze", "photos"]);
    assert_eq!(done.code, Some(1), "{}", done.err);
    let samples = objects(&export(&dir, "photos.camroi"));
    let status = |name: &str| {
        let sample = samples.iter().find(|s| s["path"] == format!("bad/{name}")).unwrap();
        (sample["status"] == "failed", sample["error"].as_str().unwrap_or("").to_owned())
    };
    let reasons = [
        ("truncated.jpg", "cut off"),
        ("empty.jpg", "empty"),
        ("text.jpg", "not a picture"),
        ("large.png", "too large"),
        #[cfg(unix)]
        ("dangling.jpg", "link to nowhere"),
    ];
    for (name, reason) in reasons {
        let (failed, error) = status(name);
        assert!(failed && error.contains(reason), "{name}: {error}");
        assert!(done.err.contains(&format!("failed: bad/{name}: {error}")), "{}", done.err);
    }
    for name in ["cmyk.jpg", "grey16.png", "animated.gif"] {
        assert_eq!(status(name), (false, String::new()), "{name}");
    }
    #[cfg(unix)]
    {
        // The superuser may read it all the same.
        let locked = File::open(dir.path().join("photos/bad/unreadable.jpg")).is_err();
        assert_eq!(status("unreadable.jpg").0, locked);
    }
    let again = camroi(&dir, &["analyze", "photos"]);
    assert_eq!(again.code, Some(1), "what failed is tried again: {}", again.err);
}

/// Runs a command that has to be refused with status 2 and one line on standard error.
fn refused(dir: &TempDir, arguments: &[&str]) -> String {
    let done = camroi(dir, arguments);
    assert_eq!(done.code, Some(2), "{arguments:?}: {}", done.err);
    assert_eq!(done.err.lines().count(), 1, "{arguments:?}: {}", done.err);
    assert_eq!(done.out, "", "{arguments:?}");
    done.err
}

#[test]
fn a_data_set_that_is_none_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("empty")).unwrap();
    assert!(refused(&dir, &["analyze", "nowhere"]).contains("nowhere"));
    assert!(refused(&dir, &["analyze", "empty"]).contains("no images"));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing was written");
}

#[test]
fn a_file_that_is_no_project_of_this_data_set_is_left_alone() {
    let dir = data_set();
    let path = |name: &str| dir.path().join(name);
    fs::write(path("text.camroi"), "a shopping list").unwrap();
    assert!(refused(&dir, &["analyze", "photos", "--out", "text.camroi"]).contains("not a camroi project"));
    assert!(refused(&dir, &["classes", "text.camroi"]).contains("not a camroi project"));
    assert_eq!(fs::read(path("text.camroi")).unwrap(), b"a shopping list");

    succeed(&dir, &["analyze", "photos", "--limit-per-class", "1", "--rois", "none", "--out", "a.camroi"]);
    fs::create_dir(path("other")).unwrap();
    fs::copy(demo_photo("dam/dam1.jpg"), path("other/dam.jpg")).unwrap();
    let before = fs::read(path("a.camroi")).unwrap();
    assert!(refused(&dir, &["analyze", "other", "--out", "a.camroi"]).contains("another data set"));
    assert_eq!(fs::read(path("a.camroi")).unwrap(), before);

    // The version is the big-endian number at byte 60 of a SQLite file.
    let mut later = before;
    later[63] = 99;
    fs::write(path("later.camroi"), &later).unwrap();
    for arguments in [
        &["analyze", "photos", "--out", "later.camroi"][..],
        &["classes", "later.camroi"],
        &["export", "later.camroi", "--format", "jsonl"],
        &["overlay", "later.camroi", "--out", "pictures"],
    ] {
        assert!(refused(&dir, arguments).contains("another version"));
    }
    assert_eq!(fs::read(path("later.camroi")).unwrap(), later);
}

#[test]
fn targets_that_cannot_be_written_are_refused() {
    let dir = data_set();
    assert!(refused(&dir, &["analyze", "photos", "--out", "no/such/folder/a.camroi"]).contains("a.camroi"));
    succeed(&dir, &["analyze", "photos", "--limit-per-class", "1", "--rois", "none", "--out", "a.camroi"]);
    fs::write(dir.path().join("kept.jsonl"), "kept").unwrap();
    assert!(refused(&dir, &["export", "a.camroi", "--format", "jsonl", "--out", "kept.jsonl"]).contains("kept.jsonl"));
    assert_eq!(fs::read(dir.path().join("kept.jsonl")).unwrap(), b"kept");
}

#[test]
fn wrong_models_and_settings_are_refused_before_anything_is_written() {
    let dir = data_set();
    fs::write(dir.path().join("groups.json"), r#"{"bird": [5000]}"#).unwrap();
    let cases: [(&[&str], &str); 6] = [
        (&["--classifier", "nothing"], "nothing"),
        (&["--classifier", "nanodet-g-416"], "detector"),
        (&["--rois", "efficientnet-lite0"], "classifier"),
        (&["--layer", "nowhere"], "nowhere"),
        (&["--groups", "groups.json"], "5000"),
        (&["--groups", "missing.json"], "missing.json"),
    ];
    for (flags, expected) in cases {
        let arguments = [&["analyze", "photos"], flags].concat();
        let message = refused(&dir, &arguments);
        assert!(message.contains(expected), "{message}");
    }
    assert!(!dir.path().join("photos.camroi").exists());
    for flags in [["--method", "magic"], ["--device", "abacus"], ["--roi-score", "2"], ["--batch", "0"]] {
        assert_eq!(camroi(&dir, &[&["analyze", "photos"][..], &flags].concat()).code, Some(2));
    }
}
