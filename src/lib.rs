//! camroi measures whether an image classifier looks at the object.
//!
//! For each photo of a data set it finds the objects (regions of interest, ROIs), computes the classifier's saliency map for
//! its predicted class, and takes the share of the saliency inside the best ROI: the *fit*. A class with good accuracy and
//! low fit is one that a person should look at.
//!
//! # ARCHITECTURE
//!
//! One crate, a library and a thin program. Each module is a room with one question; the header of a room says what comes
//! in, what goes out and what may not live there. In reading order:
//!
//! ```text
//! geometry     Size, BBox, Affine: the spaces image, input, grid and the ways between them
//! mask         pixels of an image, as runs
//! device       which back end to compute on
//! dataset      labelled folder -> samples, class names and groups, who made the photos
//! demo         the bundled photos and their attribution
//! preprocess   file -> upright RGB image -> network input
//! weights      weights file -> named, checked tensors
//! download     address -> complete, checked file
//! card         model card (TOML) -> what a network is and wants
//! kernels      SIMD kernels of the CPU engine: the only unsafe code
//! graph        a network as nodes; run on candle's tensors or on the CPU engine, cut at a target layer
//! onnx         ONNX file -> graph of its network
//! blocks       layers and backbones that architectures share, as nodes of a graph
//! classifier   Classifier { features, head } and its architectures
//! saliency     Grad-CAM -> SaliencyMap
//! detector     Detector and its architectures, boxes, non-maximum suppression
//! annotations  annotation files <-> regions, matched with samples
//! roi          detections, annotations, drawings -> Roi, the region that should matter: box, mask or polygon
//! fit          SaliencyMap + Roi -> Fit, the share inside
//! measure      SaliencyMap + region -> other localisation measures, and baselines
//! validity     is a map about the network: randomised weights, pixels that go and come
//! models       names and files -> loaded classifier and detector; the user's shelf of cards
//! analysis     one sample through all above
//! colormap     0..1 -> colour
//! focus        maps and regions of a class -> strongest patches outside of the regions, mean maps
//! overlay      an image with its boxes and heat map -> picture
//! verdict      what a reviewer decides about a class or a sample
//! store        the project file (SQLite)
//! run          the loop: workers, events, pause, cancel, resume, saving
//! inquiry      a run's classifier and maps -> other explanations of its photos, measures and checks of its maps
//! summary      sample scores -> ClassRow per class, and how two runs differ
//! report       rows and samples -> CSV, JSON, text, a page in HTML
//! ui           the window
//! cli          flags and subcommands
//! ```
//!
//! ```text
//! dataset -> preprocess -+-> classifier -> saliency -+-> fit -> analysis
//!                        +-> detector   -> roi ------+
//! analysis -> run -> store -> summary -> ui | report
//! ```
//!
//! Who may import whom is a table in `tests/it/tidy.rs`, which fails on a new arrow.
//!
//! Invariants, mostly of what is absent:
//! - `store` never computes, `analysis` never stores, `summary` and `fit` never run a network.
//! - Only `download` uses the network, and only when it is asked to.
//! - Only `run` and `ui` start threads (and `kernels` and `inquiry` share work among rayon's), only `store` knows SQL, only `ui` knows egui, only `cli` knows flags.
//! - `ui` and `report` show the same `ClassRow`, so they cannot disagree. Without `ui` the command line still works.
//! - No result depends on batch size, thread count or order.
//! - Nothing from a file is ever executed.

pub mod analysis;
pub mod annotations;
pub mod blocks;
pub mod card;
pub mod classifier;
pub mod cli;
pub mod colormap;
pub mod dataset;
pub mod demo;
pub mod detector;
pub mod device;
pub mod download;
pub mod fit;
pub mod focus;
pub mod geometry;
pub mod graph;
pub mod inquiry;
pub mod kernels;
pub mod mask;
pub mod measure;
pub mod models;
pub mod onnx;
pub mod overlay;
pub mod preprocess;
pub mod report;
pub mod roi;
pub mod run;
pub mod saliency;
pub mod store;
pub mod summary;
#[cfg(feature = "gui")]
pub mod ui;
pub mod validity;
pub mod verdict;
pub mod weights;
