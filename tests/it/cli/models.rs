//! One's own networks: from a weights file to the class table.

use std::collections::HashMap;
use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::sync::OnceLock;

use candle_core::{DType, Device, Tensor};
use sha2::{Digest as _, Sha256};

use super::{TempDir, add, camroi, data_set, objects, succeed};
use crate::download::{send, serve};
use crate::fill;

/// Classes of ImageNet that a network of nine classes is cut out of the bundled one with, each under the name it gets.
pub(crate) const NINE: [(u32, &str); 9] = [
    (347, "bison"),
    (293, "cheetah"),
    (525, "dam"),
    (97, "duck"),
    (587, "hammer"),
    (290, "jaguar"),
    (24, "owl"),
    (388, "panda"),
    (96, "toucan"),
];

/// Saves the bundled classifier with a head of nine classes, as a retrained one would be.
pub(crate) fn nine_classes(file: &Path) {
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/efficientnet-lite0.safetensors");
    let mut tensors: HashMap<String, Tensor> = candle_core::safetensors::load(bundled, &Device::Cpu).unwrap();
    let rows = Tensor::new(NINE.map(|(class, _)| class).as_slice(), &Device::Cpu).unwrap();
    for name in ["_fc.weight", "_fc.bias"] {
        let head = tensors[name].index_select(&rows, 0).unwrap();
        tensors.insert(name.to_owned(), head);
    }
    candle_core::safetensors::save(&tensors, file).unwrap();
}

/// The data set, with the network and the list of its classes beside it.
pub(crate) fn nine_class_project() -> TempDir {
    let dir = data_set();
    nine_classes(&dir.path().join("nine.safetensors"));
    let names: Vec<_> = NINE.map(|(_, name)| name).into();
    fs::write(dir.path().join("names.txt"), names.join("\n")).unwrap();
    // The labels are wider than the classes: three birds are one label.
    fs::remove_file(dir.path().join("photos/groups.json")).unwrap();
    fs::write(dir.path().join("birds.json"), r#"{"groups": {"bird": ["duck", "owl", "toucan"]}}"#).unwrap();
    dir
}

#[test]
fn a_network_of_nine_classes_goes_from_its_file_to_the_class_table() {
    let dir = nine_class_project();
    let added =
        succeed(&dir, &["models", "add", "nine.safetensors", "--classes", "names.txt", "--photos", "photos"]).out;
    assert!(added.contains("efficientnet-lite0, 9 classes"), "{added}");
    assert_eq!(added.lines().filter(|l| l.starts_with("  ") && l.contains(".jpg: ")).count(), 5, "{added}");
    assert!(added.contains("dam/dam1.jpg: dam "), "{added}");
    assert!(succeed(&dir, &["models"]).out.contains("nine "));
    assert!(succeed(&dir, &["models", "show", "nine"]).out.contains("head_act  7 × 7 cells  (target)"));

    succeed(&dir, &["analyze", "photos", "--classifier", "nine", "--groups", "birds.json", "--out", "nine.camroi"]);
    let table = succeed(&dir, &["classes", "nine.camroi", "--format", "csv"]).out;
    let row = |class: &str| table.lines().find(|l| l.starts_with(class)).unwrap_or_default().to_owned();
    for (class, samples) in [("bird", "3"), ("dam", "2"), ("hammer", "3")] {
        let cells: Vec<_> = row(class).split(',').map(str::to_owned).collect();
        assert_eq!((cells[1].as_str(), cells[10].as_str()), (samples, "0"), "no sample fails: {table}");
        assert_eq!(cells[9].parse::<f64>().unwrap(), 1.0, "every photo is recognised: {table}");
    }
    let samples = objects(&succeed(&dir, &["export", "nine.camroi", "--format", "jsonl"]).out);
    assert!(samples.iter().all(|s| s["top"].as_array().unwrap().len() == 5 && s["correct"] == true));
}

#[test]
fn a_project_of_an_added_network_goes_on_from_any_folder() {
    let dir = nine_class_project();
    succeed(&dir, &["models", "add", "nine.safetensors", "--classes", "names.txt", "--no-preview"]);
    succeed(&dir, &["analyze", "photos", "--classifier", "nine", "--rois", "none", "--limit-per-class", "1"]);
    add(&dir, "bird/duck.jpg", "bird/another.jpg");
    let elsewhere = dir.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let done = super::command(&dir, &["analyze", "../photos.camroi"]).current_dir(&elsewhere).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn what_a_file_cannot_say_is_asked_for() {
    let dir = nine_class_project();
    let done = camroi(&dir, &["models", "add", "nine.safetensors"]);
    assert_eq!(done.code, Some(2));
    assert!(done.err.contains("nine.safetensors does not say which 9 classes its outputs are"), "{}", done.err);
    fs::write(dir.path().join("two.txt"), "cat\ndog").unwrap();
    let done = camroi(&dir, &["models", "add", "nine.safetensors", "--classes", "two.txt"]);
    assert!(done.err.contains("nine.safetensors has 9 outputs, but 2 classes are named"), "{}", done.err);
    let done = camroi(&dir, &["models", "add", "nine.safetensors", "--classes", "names.txt", "--layer", "layer4"]);
    assert!(done.err.contains("there is no layer layer4 in this network"), "{}", done.err);
    assert!(!dir.path().join("nine.toml").exists(), "nothing is written before all is in order");
}

#[test]
fn flags_say_how_pictures_are_prepared() {
    let dir = nine_class_project();
    let flags = ["--side", "240", "--shorter-side", "272", "--interpolation", "bicubic", "--channels", "bgr"];
    let numbers = ["--range", "255", "--mean", "104", "117", "123", "--std", "1", "1", "1", "--name", "caffe"];
    let add = ["models", "add", "nine.safetensors", "--classes", "names.txt", "--no-preview"];
    let arguments: Vec<_> = add.iter().chain(&flags).chain(&numbers).copied().collect();
    let added = succeed(&dir, &arguments).out;
    let expected = "240 × 240 pixels, shorter side to 272, centre crop, bicubic, BGR of 0 to 255, minus \
                    [104.0, 117.0, 123.0], over [1.0, 1.0, 1.0]";
    assert!(added.contains(expected), "{added}");
    assert!(succeed(&dir, &["models", "show", "caffe"]).out.contains(expected));
    assert_eq!(camroi(&dir, &["models", "add", "nine.safetensors", "--mean", "1", "2"]).code, Some(2));
}

/// A network of zeros that the catalogue names.
fn published() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| {
        let rows = fill::rows("classifiers/timm.json.gz", "mobilenetv2_100");
        let zeros = rows.into_iter().map(|row| (row.name, Tensor::zeros(row.shape, DType::F32, &Device::Cpu).unwrap()));
        safetensors::serialize(zeros.collect::<Vec<_>>(), None).unwrap()
    })
}

/// Sends it from where it is asked for, with its digest.
fn answer(start: Option<u64>, stream: &mut TcpStream) {
    let (file, start) = (published(), start.unwrap_or(0) as usize);
    let digest: String = Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect();
    let range = format!("bytes {start}-{}/{}", file.len() - 1, file.len());
    let head = format!("206 OK\r\ncontent-length: {}\r\ncontent-range: {range}", file.len() - start);
    send(stream, &format!("{head}\r\nx-linked-etag: \"{digest}\""), &file[start..]);
}

#[test]
fn a_published_model_is_pulled_checked_and_used_by_its_name() {
    let dir = data_set();
    let server = serve(&[answer]);
    let name = "mobilenetv2_100.ra_in1k";
    // The beginning of the file, from a command that was killed.
    fs::create_dir(dir.path().join("models")).unwrap();
    fs::write(dir.path().join("models").join(format!("{name}.safetensors.part")), &published()[..1_000_000]).unwrap();
    let pulled = succeed(&dir, &["models", "pull", name, "--from", &server.url]).out;
    assert!(pulled.contains("apache-2.0") && pulled.contains("mobilenet_v2"), "{pulled}");
    assert_eq!(fs::read(dir.path().join("models").join(format!("{name}.safetensors"))).unwrap(), published());
    assert!(succeed(&dir, &["models"]).out.contains(name));
    assert!(succeed(&dir, &["models", "show", name]).out.contains("features.18  7 × 7 cells  (target)"));
    succeed(&dir, &["models", "pull", name, "--from", "http://127.0.0.1:1/"]);
}

#[test]
fn without_a_connection_it_says_what_to_do_by_hand() {
    let dir = data_set();
    let done = camroi(&dir, &["models", "pull", "vgg11", "--from", "http://127.0.0.1:1/vgg11.pth"]);
    assert_eq!(done.code, Some(2));
    let address = "by hand: download https://download.pytorch.org/models/vgg11-8a719046.pth, put it at ";
    assert!(done.err.contains(address) && done.err.contains("vgg11.pth and repeat"), "{}", done.err);
    assert_eq!(fs::read_dir(dir.path().join("models")).unwrap().count(), 0, "nothing is left behind");
    let listed = succeed(&dir, &["models", "list", "--published"]).out;
    assert!(listed.contains("faster_rcnn_R_50_FPN_3x") && listed.contains("resnet50-v2"), "{listed}");
}
