//! Annotation files in and out; the scripts in `tests/data/annotations` wrote some with the formats' own tools.

use std::fs;
use std::path::{Path, PathBuf};

use camroi::annotations::export::{ExportedImage, coco, voc, yolo};
use camroi::annotations::{AnnotatedImage, AnnotationError, Annotations, Format, load, match_samples};
use camroi::dataset::Sample;
use camroi::geometry::{BBox, Size};
use camroi::mask::Mask;
use camroi::roi::{Roi, RoiSource, Shape};
use serde_json::{Value, json};
use tempfile::TempDir;

const SIZE: Size = Size::new(50, 40);

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/annotations").join(name)
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

fn load_text(name: &str, text: &str) -> Result<Annotations, AnnotationError> {
    let root = folder(&[(name, text)]);
    load(&root.path().join(name))
}

/// Name and box of each region.
fn boxes(image: &AnnotatedImage) -> Vec<(String, BBox)> {
    image.rois(SIZE).unwrap().into_iter().map(|roi| (roi.name, roi.bbox)).collect()
}

fn row(name: &str, x0: f32, y0: f32, x1: f32, y1: f32) -> (String, BBox) {
    (name.into(), BBox::new(x0, y0, x1, y1))
}

/// The mask as rows of 0 and 1.
fn rows(mask: &Mask) -> Vec<String> {
    let digit = |x, y| if mask.contains(x, y) { '1' } else { '0' };
    (0..SIZE.height).map(|y| (0..SIZE.width).map(|x| digit(x, y)).collect()).collect()
}

fn expected_rows(name: &str) -> Vec<String> {
    let expected: Value = serde_json::from_slice(&fs::read(data("expected.json")).unwrap()).unwrap();
    expected[name]["rows"].as_array().unwrap().iter().map(|r| r.as_str().unwrap().to_owned()).collect()
}

#[test]
fn coco_masks_are_those_of_pycocotools() {
    let annotations = load(&data("coco.json")).unwrap();
    assert_eq!(annotations.formats, [Format::Coco]);
    let rois = annotations.images[0].rois(SIZE).unwrap();
    assert_eq!(rows(rois[0].mask().unwrap()), expected_rows("ring"));
    assert_eq!(rois[0].bbox, BBox::new(10.0, 5.0, 41.0, 36.0));
    assert_eq!((rois[1].name.as_str(), rows(rois[1].mask().unwrap())), ("crowd of birds", expected_rows("small")));
}

#[test]
fn coco_polygons_and_boxes_are_read() {
    let annotations = load(&data("coco.json")).unwrap();
    let rois = annotations.images[1].rois(SIZE).unwrap();
    // Two triangles that share nothing: half of 20 × 20 pixels with the diagonal, which is the start of its rows, and half of
    // 10 × 10 without, where it is their end.
    assert_eq!(rois[0].mask().unwrap().area(), 210 + 45);
    assert!(matches!(&rois[0].shape, Shape::Polygon { rings, .. } if rings.len() == 2));
    assert_eq!(rois[1].bbox, BBox::new(1.5, 2.5, 11.5, 22.75));
}

#[test]
fn results_are_sorted_by_score_and_belong_to_the_image_of_that_number() {
    let annotations = load(&data("results.json")).unwrap();
    assert_eq!(annotations.formats, [Format::CocoResults]);
    let sample = |path: &str| Sample { path: path.into(), label: None };
    let matched = match_samples(annotations.images, &[sample("000000000001.jpg"), sample("000000000002.jpg")]);
    let (index, image) = &matched.samples[0];
    assert_eq!((*index, matched.samples.len(), matched.objects()), (1, 1, 2));
    let rois = image.rois(SIZE).unwrap();
    assert_eq!(rois.iter().map(|r| r.score).collect::<Vec<_>>(), [0.75, 0.25]);
    assert!(rois.iter().all(|r| r.name == "bird" && r.source == RoiSource::Annotation));
    assert_eq!(rows(rois[0].mask().unwrap()), expected_rows("ring"));
}

/// A box, a triangle and a disc in the photo `bird/1.jpg`, as five tools wrote them, by what each format can hold.
#[test]
fn files_of_cvats_library_and_of_labelme_hold_what_they_were_made_from() {
    let cells = |inside: &dyn Fn(f32, f32) -> bool| -> Vec<String> {
        let digit = |x: u32, y: u32| if inside(x as f32, y as f32) { '1' } else { '0' };
        (0..SIZE.height).map(|y| (0..SIZE.width).map(|x| digit(x, y)).collect()).collect()
    };
    let disc = cells(&|x, y| (x - 25.0).powi(2) + (y - 20.0).powi(2) <= 100.0);
    // Pixels count by their centre.
    let triangle = cells(&|x, y| x + 0.5 < 22.0 && y + 0.5 > 3.0 && (x + 0.5 - 2.0) / 20.0 >= (y + 0.5 - 3.0) / 10.0);
    let bird = row("bird", 10.0, 5.0, 30.0, 20.0);
    for (name, format) in [
        ("datumaro_coco.json", Format::Coco),
        ("datumaro_cvat.xml", Format::Cvat),
        ("labelme.json", Format::LabelMe),
        ("datumaro_yolo", Format::Yolo),
    ] {
        let annotations = load(&data(name)).unwrap();
        assert_eq!((annotations.formats.as_slice(), annotations.problems.len()), ([format].as_slice(), 0), "{name}");
        let samples = ["bird/1.jpg", "cat/1.jpg"].map(|path| Sample { path: path.into(), label: None });
        let matched = match_samples(annotations.images, &samples);
        assert_eq!(matched.samples.iter().map(|(i, _)| *i).collect::<Vec<_>>(), [0], "{name}");
        let rois = matched.samples[0].1.rois(SIZE).unwrap();
        // Shares of six digits are not quite whole pixels.
        assert!(rois[0].name == bird.0 && rois[0].bbox.iou(bird.1) > 1.0 - 1e-6, "{name}: {:?}", rois[0].bbox);
        if format == Format::Yolo {
            assert_eq!(rois.len(), 1, "datumaro writes boxes only");
            continue;
        }
        assert_eq!(rois.iter().map(|roi| roi.name.as_str()).collect::<Vec<_>>(), ["bird", "hot dog", "bird"]);
        assert_eq!(rows(rois[1].mask().unwrap()), triangle, "{name}");
        assert_eq!(rows(rois[2].mask().unwrap()), disc, "{name}");
    }
}

/// It counts pixels from 0, other than the format's own tools, which the file does not say.
#[test]
fn a_pascal_voc_file_of_datumaro_is_one_pixel_off() {
    let annotations = load(&data("datumaro_voc.xml")).unwrap();
    assert_eq!(boxes(&annotations.images[0]), [row("bird", 9.0, 4.0, 30.0, 20.0)]);
}

#[test]
fn pascal_voc_counts_pixels_from_one() {
    let annotations = load(&data("voc.xml")).unwrap();
    assert_eq!(annotations.formats, [Format::PascalVoc]);
    let expected = [row("bird", 10.0, 5.0, 41.0, 36.0), row("cat", 0.0, 0.0, 50.0, 40.0)];
    assert_eq!(boxes(&annotations.images[0]), expected);
    assert_eq!(annotations.images[0].names, ["bird/1.jpg", "1.jpg", "voc.xml"]);
}

#[test]
fn imagenet_localisation_is_read_as_xml_and_as_csv() {
    let xml = "<annotation><folder>n1</folder><filename>n1_7</filename><size><width>50</width><height>40</height></size>\
        <object><name>n1</name><bndbox><xmin>0</xmin><ymin>5</ymin><xmax>50</xmax><ymax>20</ymax></bndbox></object></annotation>";
    let annotations = load_text("n1_7.xml", xml).unwrap();
    assert_eq!(boxes(&annotations.images[0]), [row("n1", 0.0, 4.0, 50.0, 20.0)]);
    let csv = "ImageId,PredictionString\nn1_7,n1 1 2 30 20 n2 5 6 7 8 \nn1_8,n1 1 2 3 4\n";
    let annotations = load_text("LOC_train_solution.csv", csv).unwrap();
    assert_eq!(annotations.formats, [Format::KaggleImageNet]);
    assert_eq!(boxes(&annotations.images[0]), [row("n1", 1.0, 2.0, 30.0, 20.0), row("n2", 5.0, 6.0, 7.0, 8.0)]);
    assert_eq!(annotations.images.len(), 2);
}

#[test]
fn yolo_labels_find_their_class_names_and_images() {
    let root = folder(&[
        ("data.yaml", "train: images\nnames:\n  0: cat\n  1: hot dog\n"),
        ("labels/train/1.txt", "1 0.5 0.5 0.5 0.5\n0 0 0 0.25 0 0.25 0.5\n"),
        ("labels/val/1.txt", ""),
        ("README.txt", "Labels of two photos"),
    ]);
    let annotations = load(root.path()).unwrap();
    assert_eq!((annotations.formats.as_slice(), annotations.problems.len()), ([Format::Yolo].as_slice(), 0));
    let expected = [row("hot dog", 12.5, 10.0, 37.5, 30.0), row("cat", 0.0, 0.0, 12.5, 20.0)];
    assert_eq!(boxes(&annotations.images[0]), expected);
    let samples = ["train/1.jpg", "val/1.jpg"].map(|p| Sample { path: p.into(), label: None });
    let matched = match_samples(annotations.images, &samples);
    assert_eq!(
        matched.samples.iter().map(|(i, image)| (*i, image.objects.len())).collect::<Vec<_>>(),
        [(0, 2), (1, 0)]
    );
}

#[test]
fn labelme_shapes_with_an_area_are_read() {
    let text = json!({
        "version": "5.4.1", "imagePath": "..\\photos\\1.jpg", "imageWidth": 50, "imageHeight": 40, "imageData": null,
        "shapes": [
            {"label": "a", "points": [[30, 20], [10, 5]], "shape_type": "rectangle"},
            {"label": "b", "points": [[0, 0], [10, 0], [10, 10]], "shape_type": "polygon"},
            {"label": "c", "points": [[20, 20], [20, 30]], "shape_type": "circle"},
            {"label": "d", "points": [[1, 1]], "shape_type": "point"},
        ],
    });
    let annotations = load_text("1.json", &text.to_string()).unwrap();
    assert_eq!(annotations.formats, [Format::LabelMe]);
    assert_eq!(annotations.images[0].names, ["../photos/1.jpg", "1.json"]);
    let rois = annotations.images[0].rois(SIZE).unwrap();
    assert_eq!(rois.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(rois[0].bbox, BBox::new(10.0, 5.0, 30.0, 20.0));
    let circle = rois[2].mask().unwrap().area() as f64;
    assert!((circle - std::f64::consts::PI * 100.0).abs() < 6.0, "{circle}");
}

#[test]
fn cvat_shapes_with_an_area_are_read() {
    let text = r#"<annotations><version>1.1</version><image id="0" name="bird/1.jpg" width="50" height="40">
        <box label="a" xtl="10" ytl="5" xbr="30" ybr="20" occluded="0"/>
        <box label="turned" xtl="10" ytl="10" xbr="30" ybr="20" rotation="90.0"/>
        <polygon label="b" points="0,0;10,0;10,10"/>
        <ellipse label="c" cx="25" cy="20" rx="10" ry="5"/>
        <mask label="m" rle="1, 2, 4, 2" left="3" top="4" width="3" height="3"/>
        <points label="d" points="1,1"/>
        </image></annotations>"#;
    let annotations = load_text("annotations.xml", text).unwrap();
    assert_eq!(annotations.formats, [Format::Cvat]);
    let rois = annotations.images[0].rois(SIZE).unwrap();
    assert_eq!(rois.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["a", "turned", "b", "c", "m"]);
    // A quarter turn about the centre (20, 15) makes 20 × 10 to 10 × 20.
    assert_eq!(rois[1].mask().unwrap().bounds(), Some(BBox::new(15.0, 5.0, 25.0, 25.0)));
    let ellipse = rois[3].mask().unwrap().area() as f64;
    assert!((ellipse - std::f64::consts::PI * 50.0).abs() < 6.0, "{ellipse}");
    let inside: Vec<_> =
        (4..7).map(|y| (3..6).map(|x| rois[4].mask().unwrap().contains(x, y)).collect::<Vec<_>>()).collect();
    assert_eq!(inside, [[false, true, true], [false, false, false], [false, true, true]]);
}

/// Regions of each shape in two images.
fn regions() -> [Vec<Roi>; 2] {
    let source = RoiSource::Annotation;
    let ring = vec![vec![[1.0, 2.0], [21.0, 2.5], [11.0, 30.25]]];
    let mask = Mask::of_window(SIZE, 3..9, 4..30, |x, y| (x + y) % 3 != 0);
    [
        vec![
            Roi::of_box(BBox::new(10.0, 5.0, 31.0, 25.0), 0.75, "bird & <co>", source),
            Roi::of_polygon(ring, SIZE, 0.5, "cat", source).unwrap(),
            Roi::of_mask(mask, 0.25, "dog", source).unwrap(),
        ],
        vec![],
    ]
}

fn exported(rois: &[Vec<Roi>; 2]) -> [ExportedImage<'_>; 2] {
    let image = |path, rois| ExportedImage { path, size: SIZE, rois };
    [image("bird/a.1.jpg", &rois[0]), image("cat/b.png", &rois[1])]
}

#[test]
fn coco_brings_every_region_back() {
    let rois = regions();
    let read = load_text("out.json", &coco(&exported(&rois)).to_string()).unwrap();
    assert_eq!(read.images.iter().map(|i| i.names[0].as_str()).collect::<Vec<_>>(), ["bird/a.1.jpg", "cat/b.png"]);
    for (image, rois) in read.images.iter().zip(&rois) {
        assert_eq!(&image.rois(SIZE).unwrap(), rois);
    }
}

#[test]
fn pascal_voc_brings_boxes_back() {
    let rois = regions();
    let read = load_text("a.1.xml", &voc(&exported(&rois)[0])).unwrap();
    let expected =
        [row("bird & <co>", 10.0, 5.0, 31.0, 25.0), row("cat", 1.0, 2.0, 21.0, 30.0), row("dog", 3.0, 4.0, 9.0, 30.0)];
    assert_eq!(boxes(&read.images[0]), expected);
    assert_eq!(read.images[0].names[0], "bird/a.1.jpg");
}

#[test]
fn yolo_brings_boxes_and_polygons_back() {
    let rois = regions();
    let labels = yolo(&exported(&rois));
    assert_eq!(labels.classes, "bird & <co>\ncat\ndog\n");
    assert_eq!(labels.files.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["bird/a.1.txt", "cat/b.txt"]);
    let mut files: Vec<_> = labels.files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    files.push(("classes.txt", &labels.classes));
    let read = load(folder(&files).path()).unwrap();
    let back = read.images[0].rois(SIZE).unwrap();
    for (back, roi) in back.iter().zip(&rois[0]) {
        assert_eq!((&back.name, back.mask().is_some()), (&roi.name, roi.name == "cat"));
        assert!(back.bbox.iou(roi.bbox) > 0.9999, "{:?} {:?}", back.bbox, roi.bbox);
    }
    assert_eq!(back[1].mask(), rois[0][1].mask());
}

#[test]
fn broken_files_name_the_line_or_key() {
    let coco = |key: &str, value: Value| {
        let mut file: Value = serde_json::from_slice(&fs::read(data("coco.json")).unwrap()).unwrap();
        file["annotations"][1][key] = value;
        file.to_string()
    };
    let labelme_with =
        |other: &str, part: &str| fs::read_to_string(data("labelme.json")).unwrap().replacen(part, other, 1);
    let box_line = |xml: &str| format!("<annotation>\n<object><name>a</name>\n{xml}</object></annotation>");
    for (name, text, expected) in [
        ("a.json", "{\"images\": [\n}".to_owned(), "line 2"),
        ("a.json", coco("image_id", json!(8)), "annotations[1].image_id: no image has the id 8"),
        ("a.json", coco("category_id", json!(4)), "annotations[1].category_id: no category has the id 4"),
        ("a.json", coco("bbox", json!([1, 2])), "invalid length 2"),
        ("a.json", coco("segmentation", json!([[1, 2, 3]])), "annotations[1].segmentation: a polygon of 3 numbers"),
        (
            "a.json",
            coco("segmentation", json!({"size": [40, 50], "counts": [7]})),
            "annotations[1].segmentation: the runs",
        ),
        (
            "a.json",
            coco("segmentation", json!({"size": [50, 40], "counts": "x"})),
            "annotations[1].segmentation: the mask",
        ),
        ("a.json", "{\"images\": []}".to_owned(), "missing field `annotations`"),
        ("a.json", "[{\"image_id\": 1}]".to_owned(), "[0]: missing field `category_id`"),
        (
            "a.json",
            "{\"shapes\": [{\"label\": \"a\", \"points\": [[1, 2]]}]}".to_owned(),
            "shapes[0]: a polygon of 1 points",
        ),
        ("a.json", labelme_with("?", "iVBOR"), "shapes[2]: the mask is no Base64"),
        ("a.json", labelme_with("AAAAA", "iVBOR"), "shapes[2]: the mask: "),
        ("a.json", labelme_with("width", "imageWidth"), "shapes[2]: a mask needs imageWidth and imageHeight"),
        ("a.xml", "<annotation>\n<object></annotation>".to_owned(), "line 2"),
        ("a.xml", box_line(""), "line 2, <object>: has no <bndbox>"),
        ("a.xml", box_line("<bndbox><xmin>x</xmin></bndbox>"), "line 3, <xmin>: \"x\" is not a number"),
        (
            "a.xml",
            "<annotations>\n<image name=\"a\"/></annotations>".to_owned(),
            "line 2, <image>: has no attribute \"width\"",
        ),
        ("a.csv", "ImageId,PredictionString\nn1,n1 1 2 3".to_owned(), "line 2: 4 words"),
        ("a.csv", "ImageId,PredictionString\n\nn1,n1 1 2 3 x".to_owned(), "line 3: \"x\" is not a number"),
        ("a.txt", "0 0.5 0.5 0.5 0.5\n0 1 1".to_owned(), "line 2: 2 numbers"),
    ] {
        let error = load_text(name, &text).unwrap_err().to_string();
        assert!(error.contains(expected) && error.ends_with(name), "{error:?} does not name {expected:?}");
    }
}

#[test]
fn what_is_no_annotation_is_said_so_and_does_not_stop_a_folder() {
    assert!(matches!(load_text("a.json", "{}").unwrap_err(), AnnotationError::UnknownFormat { .. }));
    assert!(matches!(load(Path::new("gone")).unwrap_err(), AnnotationError::Read { .. }));
    assert!(matches!(load(folder(&[("a.md", "")]).path()).unwrap_err(), AnnotationError::UnknownFormat { .. }));
    let voc = fs::read_to_string(data("voc.xml")).unwrap();
    let root = folder(&[("1.xml", &voc), ("2.xml", "<annotation>"), ("package.json", "{}"), ("notes.txt", "hello")]);
    let annotations = load(root.path()).unwrap();
    assert_eq!((annotations.images.len(), annotations.problems.len()), (1, 1));
}
