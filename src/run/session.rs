//! From names and paths to a run: what has to be opened and loaded before the loop.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::{Annotated, Control, Division, Finished, Job, RunEvent, annotate, check_labels, list_samples, run};
use crate::analysis::Models;
use crate::dataset::{ClassGroups, ClassId, ClassName, Dataset, LabelClasses, Unlisted};
use crate::device::DeviceChoice;
use crate::models::{durable_name, load_classifier, load_detector};
use crate::saliency::{self, Recipe};
use crate::store::{NetworkInfo, RunSettings, Store, TargetRule};

/// The networks that are asked for, by name.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelRequest {
    /// A bundled classifier's name, or a file.
    pub classifier: String,
    /// The target layer, or several with commas between them; `None` for the classifier's own choice.
    pub layer: Option<String>,
    /// How saliency is computed.
    pub recipe: Recipe,
    /// A bundled detector's name or a file; `None` for no regions.
    pub detector: Option<String>,
    /// What to compute on.
    pub device: DeviceChoice,
}

/// A run as a person asks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The folder of photos.
    pub dataset: PathBuf,
    /// The project file; made if it does not exist.
    pub file: PathBuf,
    /// With which networks.
    pub models: ModelRequest,
    /// Which class the saliency explains.
    pub target: TargetRule,
    /// Detections below this score are no regions; `None` for the detector's own choice.
    pub roi_min_score: Option<f32>,
    /// A file of class groups; `None` for the data set's own, and where it has none, for names.
    pub groups: Option<PathBuf>,
    /// Images of each class to analyse; `None` for all.
    pub limit_per_class: Option<usize>,
    /// Images that go through a network together; `None` for the device's own choice.
    pub batch: Option<NonZeroUsize>,
    /// Threads that read, and threads that run networks; `None` for what suits the machine.
    pub threads: Option<NonZeroUsize>,
}

/// A run with everything opened and loaded.
#[expect(missing_debug_implementations, reason = "networks have none")]
pub struct Session {
    store: Store,
    dataset: Dataset,
    settings: RunSettings,
    models: Models,
    division: Division,
}

impl Session {
    /// Lists the data set, loads the networks, and opens the project or makes it. Nothing is written before all else is in
    /// order.
    ///
    /// # Errors
    /// If the data set, a network, the class groups or the project cannot be used.
    pub fn open(request: &Request) -> Result<Self> {
        let root = request.dataset.canonicalize();
        let root = root.with_context(|| format!("cannot open the data set {}", request.dataset.display()))?;
        let mut dataset = Dataset::scan(&root)?;
        if let Some(limit) = request.limit_per_class {
            dataset.keep_first_per_class(limit);
        }
        if let Some(path) = &request.groups {
            let groups = ClassGroups::read(path);
            dataset.groups = Some(groups.with_context(|| format!("cannot use the class groups {}", path.display()))?);
        }
        let models = load_models(&request.models)?;
        let settings = settings(request, &dataset, &models)?;
        check_labels(&dataset, &settings)?;
        let store = Store::open_or_create(&request.file, &dataset.root)?;
        let division = division(&models, request.batch, request.threads);
        Ok(Self { store, dataset, settings, models, division })
    }

    /// Opens a project to complete its latest run, over the samples that it lists and with the settings that it has.
    ///
    /// # Errors
    /// If the project or a network cannot be used, or no run was begun in it.
    pub fn resume(file: &Path, device: DeviceChoice) -> Result<Self> {
        let store = Store::open(file)?;
        let latest = store.runs()?.into_iter().next();
        let settings = latest
            .with_context(|| format!("nothing has been analysed in this project yet: {}", file.display()))?
            .settings;
        let models = load_models(&ModelRequest {
            classifier: settings.classifier.name.clone(),
            layer: Some(settings.layer.clone()),
            recipe: settings.recipe()?,
            detector: settings.detector.as_ref().map(|d| d.name.clone()),
            device,
        })?;
        let same = models.explanation_key() == settings.classifier.key
            && models.detector.as_ref().map(|d| d.key()) == settings.detector.as_ref().map(|d| d.key.clone());
        ensure!(same, "the networks are not those that the project was begun with: {}", file.display());
        let dataset = Dataset { root: store.root()?, samples: store.samples()?, groups: None, unlisted: Vec::new() };
        let division = division(&models, None, None);
        Ok(Self { store, dataset, settings, models, division })
    }

    /// Analyses what the project lacks; see [`run`].
    ///
    /// # Errors
    /// As [`run`].
    pub fn run(&mut self, control: &Control, events: &mut dyn FnMut(RunEvent)) -> Result<Finished> {
        let Self { store, dataset, settings, models, division } = self;
        run(store, &Job { dataset, settings, networks: models, division: *division }, control, events)
    }

    /// The project.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Lists the data set's photos in the project and gives them the regions of annotations; see [`annotate`].
    ///
    /// # Errors
    /// As [`annotate`].
    pub fn annotate(&mut self, annotations: &Path, told: &(dyn Fn(usize, usize) + Sync)) -> Result<Annotated> {
        list_samples(&mut self.store, &self.dataset)?;
        annotate(&mut self.store, annotations, &Control::default(), told)
    }

    /// How the work is divided.
    pub fn division(&self) -> Division {
        self.division
    }

    /// The networks.
    pub fn models(&self) -> &Models {
        &self.models
    }

    /// Entries of the data set that may have been meant as photos but are none.
    pub fn unlisted(&self) -> &[Unlisted] {
        &self.dataset.unlisted
    }

    /// Labels that stand for no class of the classifier, so that nobody can say whether it is right.
    pub fn unmatched_labels(&self) -> Vec<&str> {
        self.dataset.labels().into_iter().filter(|label| !self.settings.hits.contains_key(*label)).collect()
    }
}

/// Loads networks by name.
///
/// # Errors
/// If a network, the layer or the device cannot be had, or the method cannot be used on the classifier.
pub fn load_models(request: &ModelRequest) -> Result<Models> {
    let device = request.device.open()?;
    let classifier = load_classifier(&request.classifier, request.layer.as_deref(), &device)?;
    saliency::check(&classifier, &request.recipe)?;
    let detector = request.detector.as_deref().map(|name| load_detector(name, &device)).transpose()?;
    Ok(Models { classifier, detector, recipe: request.recipe })
}

fn settings(request: &Request, dataset: &Dataset, models: &Models) -> Result<RunSettings> {
    let classifier = &models.classifier;
    let detector = models.detector.as_ref().zip(request.models.detector.as_ref());
    Ok(RunSettings {
        classifier: NetworkInfo {
            name: durable_name(&request.models.classifier),
            key: models.explanation_key(),
            class_names: classifier.class_names().to_vec(),
        },
        layer: classifier.layer().to_owned(),
        method: models.recipe.to_string(),
        target: request.target,
        detector: detector.map(|(detector, name)| NetworkInfo {
            name: durable_name(name),
            key: detector.key(),
            class_names: detector.class_names().to_vec(),
        }),
        roi_min_score: match (request.roi_min_score, detector) {
            (_, None) => 0.0,
            (Some(score), _) => score,
            (None, Some((detector, _))) => detector.roi_score(),
        },
        hits: hits(dataset, classifier.class_names())?,
    })
}

/// The classes that count as right for each label of the data set that names any.
fn hits(dataset: &Dataset, class_names: &[String]) -> Result<BTreeMap<String, Vec<ClassId>>> {
    let labels = dataset.labels();
    let matched = LabelClasses::new(&labels, &ClassName::list(class_names), dataset.groups.as_ref())
        .context("cannot use the class groups")?;
    let hits = labels.into_iter().map(|label| (label.to_owned(), matched.classes(label).collect::<Vec<_>>()));
    Ok(hits.filter(|(_, classes)| !classes.is_empty()).collect())
}

/// How the work is divided on this machine unless the user says otherwise.
fn division(models: &Models, batch: Option<NonZeroUsize>, threads: Option<NonZeroUsize>) -> Division {
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let number = |n: usize| NonZeroUsize::new(n).unwrap_or(NonZeroUsize::MIN);
    let on_cpu = models.classifier.device().is_cpu();
    Division {
        batch: batch.unwrap_or(number(if on_cpu { 1 } else { 32 })),
        // Beside a network on the CPU, reading is a small part of the work.
        readers: threads.unwrap_or(if on_cpu { number(cores.get().div_ceil(4)) } else { cores }),
        workers: threads.unwrap_or(if on_cpu { cores } else { NonZeroUsize::MIN }),
    }
}
