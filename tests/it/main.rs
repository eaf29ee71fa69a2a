//! The integration tests, one binary; each module is one question.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

/// Annotation files in and out.
mod annotations;
/// Shared backbones and the names of their tensors.
mod backbones;
/// Class activation maps against pytorch-grad-cam.
mod cams;
/// Methods that somebody cancels.
mod cancel;
/// Files of PyTorch and Detectron2.
mod checkpoints;
/// Classifiers against torchvision.
mod classifiers;
/// The program as a script uses it.
mod cli;
/// Folders of photos to samples.
mod dataset;
/// Detectron2's and torchvision's detectors, stage by stage.
mod detectors;
/// Files from the network.
mod download;
/// Weights hashed from names.
mod fill;
/// Geometry and fit against the reference run.
mod fit;
/// Methods, network included, against pytorch-grad-cam, captum and torchray.
mod maps;
/// Random moments to kill the program at.
mod moments;
/// The bundled networks against another implementation.
mod networks;
/// Networks exported to ONNX, and damaged files.
mod onnx;
/// Maps of a pasted object, with real and with random weights.
mod pasted;
/// Pictures decoded and resized against Pillow.
mod preprocess;
/// The report in one HTML file.
/// Pictures of regions: detected, as masks, drawn, of two sources.
mod region_pictures;
mod report;
/// Pictures of the window, for the README and for who changes it.
#[cfg(feature = "gui")]
mod screenshots;
/// Draws the window without a graphics driver.
#[cfg(feature = "gui")]
mod soft_renderer;
/// Who imports whom in `src/`.
mod tidy;
/// The window as a person uses it.
#[cfg(feature = "gui")]
mod window;
