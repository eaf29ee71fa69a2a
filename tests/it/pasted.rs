//! Whether the maps of the bundled classifier point to the object where nothing else is in the picture, and whether they stop doing so
//! when its weights are random.
//!
//! Objects are cut out of the demo photos along the detector's best box and pasted, smaller, on uniform pictures of five colours at five
//! places. A map hits where its largest value lies in the pasted box or less than 15 pixels beside it, the pointing game of
//! [`camroi::measure`]; a point drawn by lot hits as often as the box with that margin fills the view.

use std::path::Path;

use anyhow::{Context as _, Result};
use camroi::analysis::{Models, input_batch};
use camroi::classifier::Classifier;
use camroi::dataset::ClassId;
use camroi::geometry::{BBox, Size};
use camroi::measure::{Measure, TOLERANCE_PX, measures};
use camroi::models::{DEFAULT_CLASSIFIER, DEFAULT_DETECTOR, load_classifier, load_detector};
use camroi::roi::{Roi, RoiSource};
use camroi::saliency::{Method, Recipe, Subject, saliency};
use camroi::validity::sanity::{Level, randomised};
use candle_core::{Device, Tensor};
use image::{Rgb, RgbImage, imageops};

/// Photos whose object the classifier still names as in the photo when it is pasted, in at least four of the five pictures.
const OBJECTS: [&str; 10] = [
    "bird/northern_harrier",
    "carnivore/dog",
    "carnivore/panda",
    "carnivore/polar_bear",
    "carnivore/red_panda",
    "fish/fish25",
    "hammer/hammer3",
    "primate/long_nosed_monkey",
    "ungulate/alpaca",
    "ungulate/bison",
];

/// A longer side in pixels, a colour, and a place as shares of the free way to the right and down.
const PLACINGS: [(f32, [u8; 3], [f32; 2]); 5] = [
    (72.0, [128, 128, 128], [0.1, 0.1]),
    (88.0, [110, 130, 150], [0.9, 0.2]),
    (104.0, [160, 150, 130], [0.5, 0.5]),
    (80.0, [90, 90, 90], [0.15, 0.9]),
    (96.0, [190, 190, 190], [0.85, 0.8]),
];

/// Side of a picture; the classifier sees the middle 224 pixels of it.
const SIDE: u32 = 256;
const VIEW: BBox = BBox { x0: 16.0, y0: 16.0, x1: 240.0, y1: 240.0 };

/// Methods whose maps cost a pass or two through the network.
const CHEAP: [Method; 8] = [
    Method::GradCam,
    Method::GradCamPlusPlus,
    Method::XGradCam,
    Method::HiResCam,
    Method::LayerCam,
    Method::GradCamElementwise,
    Method::EigenCam,
    Method::EigenGradCam,
];

/// A picture with one object.
struct Pasted {
    input: Tensor,
    roi: Roi,
    class: ClassId,
}

/// The photo's object, cut out along its best box.
fn cut_out(models: &Models, photo: &RgbImage) -> Result<RgbImage> {
    let size = Size::new(photo.width(), photo.height());
    let input = models.detector_input(photo).context("there is a detector")?;
    let found = models.detect(&[input], &[size])?.concat();
    let [x0, y0, x1, y1] = {
        let bbox = found.first().context("an object")?.bbox;
        [bbox.x0, bbox.y0, bbox.x1, bbox.y1].map(|edge| edge as u32)
    };
    Ok(imageops::crop_imm(photo, x0, y0, x1 - x0, y1 - y0).to_image())
}

/// A picture with the object at a place, and the object's box.
fn paste(object: &RgbImage, (side, colour, place): (f32, [u8; 3], [f32; 2])) -> (RgbImage, BBox) {
    let scale = side / object.width().max(object.height()) as f32;
    let [width, height] = [object.width(), object.height()].map(|length| (length as f32 * scale) as u32);
    let small = imageops::resize(object, width, height, imageops::FilterType::Triangle);
    let [x, y] =
        [(place[0], width), (place[1], height)].map(|(share, length)| (share * (224 - length) as f32) as u32 + 16);
    let mut picture = RgbImage::from_pixel(SIDE, SIDE, Rgb(colour));
    imageops::replace(&mut picture, &small, x.into(), y.into());
    let [x0, y0, x1, y1] = [x, y, x + width, y + height].map(|edge| edge as f32);
    (picture, BBox { x0, y0, x1, y1 })
}

/// The bundled classifier and all pictures; the class of each is the one that it predicts.
fn pictures() -> Result<(Classifier, Vec<Pasted>)> {
    let models = Models {
        classifier: load_classifier(DEFAULT_CLASSIFIER, None, &Device::Cpu)?,
        detector: Some(load_detector(DEFAULT_DETECTOR, &Device::Cpu)?),
        recipe: Recipe::new(Method::GradCam),
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo");
    let mut pictures = Vec::new();
    for object in OBJECTS {
        let photo = image::open(folder.join(object).with_extension("jpg"))?.into_rgb8();
        let predicted =
            |picture: &RgbImage| Ok::<_, anyhow::Error>(models.top(&[models.classifier_input(picture)])?[0][0].class);
        let cut = cut_out(&models, &photo).context(object)?;
        let of_photo = predicted(&photo)?;
        let mut recognised = 0;
        for placing in PLACINGS {
            let (picture, bbox) = paste(&cut, placing);
            let class = predicted(&picture)?;
            recognised += usize::from(class == of_photo);
            let roi = Roi::of_box(bbox, 1.0, object, RoiSource::Hand);
            pictures.push(Pasted { input: input_batch(&[models.classifier_input(&picture)])?, roi, class });
        }
        assert!(recognised >= 4, "{object} is recognised in {recognised} pictures");
    }
    assert_eq!(pictures.len(), 50);
    Ok((models.classifier, pictures))
}

/// Share of the pictures whose map hits the object, for each method; a flat map hits nothing.
fn hits<'a>(
    classifier: &Classifier,
    pictures: impl ExactSizeIterator<Item = &'a Pasted>,
    methods: &[Method],
) -> Result<Vec<f64>> {
    let mut hits = vec![0.0; methods.len()];
    let count = pictures.len() as f64;
    for picture in pictures {
        let features = classifier.features(&picture.input)?;
        let subject = Subject { input: &picture.input, features: &features, head: None, targets: &[picture.class] };
        for (hits, method) in hits.iter_mut().zip(methods) {
            let map = saliency(classifier, &subject, &Recipe::new(*method), &|| false)?.swap_remove(0);
            let found = measures(&map, VIEW, &[&picture.roi]).context("the object is in the view")?;
            *hits += found.map.get(Measure::PointingGame).unwrap_or(0.0);
        }
    }
    hits.iter_mut().for_each(|hits| *hits /= count);
    Ok(hits)
}

/// How often a point drawn by lot hits.
fn chance(pictures: &[Pasted]) -> f64 {
    let margin = TOLERANCE_PX as f32;
    let length =
        |from: f32, to: f32, low: f32, high: f32| f64::from((to + margin).min(high) - (from - margin).max(low));
    let area = |b: BBox| length(b.x0, b.x1, VIEW.x0, VIEW.x1) * length(b.y0, b.y1, VIEW.y0, VIEW.y1);
    pictures.iter().map(|p| area(p.roi.bbox)).sum::<f64>() / (pictures.len() as f64 * area(VIEW))
}

#[test]
fn maps_point_to_a_pasted_object_until_the_weights_are_random() -> Result<()> {
    let (classifier, pictures) = pictures()?;
    for (method, hits) in CHEAP.iter().zip(hits(&classifier, pictures.iter(), &CHEAP)?) {
        assert!(hits >= 0.9, "{method}: {hits}");
    }
    let chance = chance(&pictures);
    assert!(chance < 0.25, "{chance}");
    // The last layer alone says which class, not where an object is: what asks for no class, or for positive gradients only, stays there.
    for level in [Level::LastThird, Level::Everything] {
        let seeds = [1, 2];
        let mut mean = vec![0.0; CHEAP.len()];
        for seed in seeds {
            let other = randomised(&classifier, level, seed)?;
            let found = hits(&other, pictures.iter(), &CHEAP)?;
            mean.iter_mut().zip(found).for_each(|(mean, hits)| *mean += hits / seeds.len() as f64);
        }
        for (method, hits) in CHEAP.iter().zip(mean) {
            assert!(hits < 2.0 * chance, "{method}, {} random: {hits} where chance gives {chance}", level.name());
        }
    }
    Ok(())
}
