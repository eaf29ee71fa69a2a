//! Pictures on their way to the screen: made by worker threads, kept as textures in a bounded cache.
//!
//! Comes in: [`Key`]s that panels want to show, and a [`Source`] that can make them. Goes out: textures. May not live here:
//! how a picture is made.
//!
//! The newest wish is made first, so that what is on the screen comes before what was scrolled past. Textures that were not
//! shown for the longest time go first when the budget is full; what the current frame shows always stays.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Receiver, Sender};
use eframe::egui::{ColorImage, Context, TextureHandle, TextureOptions};

use crate::colormap::Colormap;
use crate::dataset::SampleId;
use crate::geometry::{BBox, Size};

/// Which picture of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layer {
    /// The photo, as large as a texture may be.
    Photo,
    /// The photo, small.
    Thumbnail,
    /// The regions' masks over the image, each in its colour.
    Masks,
    /// The saliency over the view, in a colour map's colours.
    Heat(Colormap),
    /// A part of the photo.
    Part(Part),
}

/// A rectangle of a photo, in whole image pixels; `x1` and `y1` lie outside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Part {
    x0: u32,
    y0: u32,
    x1: u32,
    y1: u32,
}

impl Part {
    /// The pixels around a box that lies in the image, at least one.
    pub(crate) fn around(bbox: BBox) -> Self {
        let (x0, y0) = (bbox.x0.max(0.0).floor() as u32, bbox.y0.max(0.0).floor() as u32);
        Self { x0, y0, x1: (bbox.x1.ceil() as u32).max(x0 + 1), y1: (bbox.y1.ceil() as u32).max(y0 + 1) }
    }

    /// The same in an image of this size; `None` where nothing of it lies in there.
    pub(crate) fn inside(self, image: Size) -> Option<Self> {
        let part = Self { x1: self.x1.min(image.width), y1: self.y1.min(image.height), ..self };
        (part.x0 < part.x1 && part.y0 < part.y1).then_some(part)
    }

    /// Its first column and row.
    pub(crate) fn corner(self) -> (u32, u32) {
        (self.x0, self.y0)
    }

    /// Its columns and rows.
    pub(crate) fn size(self) -> Size {
        Size::new(self.x1 - self.x0, self.y1 - self.y0)
    }

    /// Its edges.
    pub(crate) fn bounds(self) -> BBox {
        BBox::new(self.x0 as f32, self.y0 as f32, self.x1 as f32, self.y1 as f32)
    }
}

/// A picture of a sample.
pub(crate) type Key = (SampleId, Layer);

/// A picture as a worker hands it over.
#[derive(Debug)]
pub(crate) struct Picture {
    /// Its pixels.
    pub(crate) pixels: ColorImage,
    /// Size of the upright image.
    pub(crate) image: Size,
    /// The part of the image that the pixels cover, in image pixels.
    pub(crate) covers: BBox,
}

/// Makes pictures; called on worker threads.
pub(crate) trait Source: Send + Sync {
    /// The picture of a key, or the reason why there is none.
    fn picture(&self, key: Key) -> anyhow::Result<Picture>;
}

/// A picture on the graphics side.
#[derive(Clone)]
pub(crate) struct Texture {
    /// Its texture.
    pub(crate) handle: TextureHandle,
    /// Size of the upright image.
    pub(crate) image: Size,
    /// The part of the image that it covers, in image pixels.
    pub(crate) covers: BBox,
    /// The pixels of a photo, for who asks what colour there is.
    pub(crate) pixels: Option<Arc<ColorImage>>,
}

/// What there is of a picture.
#[derive(Clone)]
pub(crate) enum Slot {
    /// It is being made.
    Pending,
    /// Here it is.
    Ready(Texture),
    /// It cannot be made, for this reason.
    Failed(Arc<str>),
}

struct Entry {
    slot: Slot,
    bytes: usize,
    last_shown: u64,
}

struct Made {
    generation: u64,
    key: Key,
    result: anyhow::Result<Picture>,
}

/// The wishes that workers take from, newest last.
#[derive(Default)]
struct Wishes {
    open: Vec<(u64, Key)>,
    source: Option<Arc<dyn Source>>,
    generation: u64,
    closed: bool,
}

#[derive(Default)]
struct Desk {
    wishes: Mutex<Wishes>,
    changed: Condvar,
}

impl Desk {
    fn wishes(&self) -> MutexGuard<'_, Wishes> {
        // A worker that panics holds no half-made change: every change is one push or pop.
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// More wishes than this are forgotten, oldest first: they were scrolled past.
const MAX_OPEN: usize = 256;

/// Uploads in one frame; more would make it late.
const MAX_UPLOADS: usize = 12;

/// The cache.
pub(crate) struct Textures {
    entries: BTreeMap<Key, Entry>,
    bytes: usize,
    budget: usize,
    frame: u64,
    generation: u64,
    pending: BTreeSet<Key>,
    desk: Arc<Desk>,
    made: Receiver<Made>,
}

impl Textures {
    /// A cache of at most `budget` bytes of pixels (more only if a single frame shows more), with its worker threads.
    pub(crate) fn new(ctx: &Context, budget: usize) -> Self {
        let desk = Arc::<Desk>::default();
        let (sender, made) = crossbeam_channel::unbounded();
        let workers = std::thread::available_parallelism().map_or(2, |n| n.get().clamp(2, 8));
        for _ in 0..workers {
            let (desk, sender, ctx) = (Arc::clone(&desk), sender.clone(), ctx.clone());
            // With fewer threads than hoped for, the others do the work.
            std::thread::Builder::new().name("pictures".into()).spawn(move || work(&desk, &sender, &ctx)).ok();
        }
        Self {
            entries: BTreeMap::new(),
            bytes: 0,
            budget,
            frame: 0,
            generation: 0,
            pending: BTreeSet::new(),
            desk,
            made,
        }
    }

    /// Forgets everything; from now on pictures come from `source`.
    pub(crate) fn set_source(&mut self, source: Option<Arc<dyn Source>>) {
        self.generation += 1;
        self.entries.clear();
        self.pending.clear();
        self.bytes = 0;
        let mut wishes = self.desk.wishes();
        wishes.open.clear();
        wishes.source = source;
        wishes.generation = self.generation;
    }

    /// Takes what the workers made; call once before drawing.
    pub(crate) fn begin_frame(&mut self, ctx: &Context) {
        self.frame += 1;
        for made in self.made.try_iter().take(MAX_UPLOADS).collect::<Vec<_>>() {
            if made.generation == self.generation {
                self.pending.remove(&made.key);
                self.keep(ctx, made.key, made.result);
            }
        }
        if !self.made.is_empty() {
            ctx.request_repaint();
        }
        self.evict();
    }

    /// A picture to show now, asked for if it is not there.
    pub(crate) fn get(&mut self, key: Key) -> Slot {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.last_shown = self.frame;
            return entry.slot.clone();
        }
        self.wish(key, true);
        Slot::Pending
    }

    /// A picture if it is there; nothing is asked for.
    pub(crate) fn peek(&mut self, key: Key) -> Option<Slot> {
        let entry = self.entries.get_mut(&key)?;
        entry.last_shown = self.frame;
        Some(entry.slot.clone())
    }

    /// Has a picture made that will be wanted soon, after all that is wanted now.
    pub(crate) fn prefetch(&mut self, key: Key) {
        if !self.entries.contains_key(&key) {
            self.wish(key, false);
        }
    }

    /// Whether no picture is being made.
    pub(crate) fn is_idle(&self) -> bool {
        self.pending.is_empty()
    }

    fn wish(&mut self, key: Key, now: bool) {
        let mut wishes = self.desk.wishes();
        let wish = (self.generation, key);
        if !self.pending.insert(key) {
            // Already asked for: what is shown moves to the front.
            if now && let Some(at) = wishes.open.iter().position(|w| *w == wish) {
                wishes.open.remove(at);
                wishes.open.push(wish);
            }
            return;
        }
        if now {
            wishes.open.push(wish);
        } else {
            wishes.open.insert(0, wish);
        }
        if wishes.open.len() > MAX_OPEN {
            let (_, forgotten) = wishes.open.remove(0);
            self.pending.remove(&forgotten);
        }
        drop(wishes);
        self.desk.changed.notify_one();
    }

    fn keep(&mut self, ctx: &Context, key: Key, result: anyhow::Result<Picture>) {
        let (slot, bytes) = match result {
            Ok(picture) => {
                let pixels = Arc::new(picture.pixels);
                let kept = (key.1 == Layer::Photo).then(|| Arc::clone(&pixels));
                let copies = 1 + usize::from(kept.is_some());
                let bytes = pixels.pixels.len() * 4 * copies;
                let handle = ctx.load_texture(format!("{key:?}"), pixels, TextureOptions::LINEAR);
                let (image, covers) = (picture.image, picture.covers);
                (Slot::Ready(Texture { handle, image, covers, pixels: kept }), bytes)
            }
            Err(err) => (Slot::Failed(format!("{err:#}").into()), 0),
        };
        self.bytes += bytes;
        if let Some(old) = self.entries.insert(key, Entry { slot, bytes, last_shown: self.frame }) {
            self.bytes -= old.bytes;
        }
    }

    fn evict(&mut self) {
        while self.bytes > self.budget {
            let shown_before = self.frame.saturating_sub(1);
            let oldest = self.entries.iter().filter(|(_, e)| e.bytes > 0).min_by_key(|(_, e)| e.last_shown);
            match oldest {
                Some((&key, entry)) if entry.last_shown < shown_before => {
                    self.bytes -= entry.bytes;
                    self.entries.remove(&key);
                }
                _ => return,
            }
        }
    }
}

impl Drop for Textures {
    fn drop(&mut self) {
        self.desk.wishes().closed = true;
        self.desk.changed.notify_all();
    }
}

fn work(desk: &Desk, sender: &Sender<Made>, ctx: &Context) {
    loop {
        let mut wishes = desk.wishes();
        let (generation, key, source) = loop {
            if wishes.closed {
                return;
            }
            if let Some(source) = wishes.source.clone()
                && let Some((generation, key)) = wishes.open.pop()
            {
                break (generation, key, source);
            }
            wishes = desk.changed.wait(wishes).unwrap_or_else(PoisonError::into_inner);
        };
        drop(wishes);
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| source.picture(key)))
            .unwrap_or_else(|_| Err(anyhow::anyhow!("the picture could not be made")));
        // The window may be gone; then nobody is interested.
        sender.send(Made { generation, key, result }).ok();
        ctx.request_repaint();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::Color32;

    /// Every picture has 10 x 10 pixels, that of sample 13 fails and that of 14 panics.
    struct Squares;

    impl Source for Squares {
        fn picture(&self, (sample, _): Key) -> anyhow::Result<Picture> {
            anyhow::ensure!(sample.0 != 13, "no luck");
            assert!(sample.0 != 14, "on purpose");
            let image = Size::new(10, 10);
            Ok(Picture { pixels: ColorImage::filled([10, 10], Color32::RED), image, covers: image.bounds() })
        }
    }

    fn ready(textures: &mut Textures, ctx: &Context, sample: i64) -> Slot {
        loop {
            textures.begin_frame(ctx);
            match textures.get((SampleId(sample), Layer::Photo)) {
                Slot::Pending => std::thread::yield_now(),
                slot => return slot,
            }
        }
    }

    #[test]
    fn the_cache_keeps_within_its_budget() {
        let ctx = Context::default();
        let mut textures = Textures::new(&ctx, 1000);
        textures.set_source(Some(Arc::new(Squares)));
        for sample in 0..8 {
            assert!(matches!(ready(&mut textures, &ctx, sample), Slot::Ready(_)));
        }
        textures.begin_frame(&ctx);
        textures.begin_frame(&ctx);
        assert!(textures.bytes <= 1000, "{}", textures.bytes);
        assert!(textures.entries.contains_key(&(SampleId(7), Layer::Photo)), "the last one shown stays");
    }

    #[test]
    fn a_picture_that_cannot_be_made_says_why() {
        let ctx = Context::default();
        let mut textures = Textures::new(&ctx, 1000);
        textures.set_source(Some(Arc::new(Squares)));
        let Slot::Failed(reason) = ready(&mut textures, &ctx, 13) else { panic!("it was made") };
        assert_eq!(&*reason, "no luck");
        assert!(matches!(ready(&mut textures, &ctx, 14), Slot::Failed(_)), "a panic is a failure");
        assert!(textures.is_idle());
    }

    #[test]
    fn pictures_of_an_earlier_project_are_dropped() {
        let ctx = Context::default();
        let mut textures = Textures::new(&ctx, 1000);
        textures.set_source(Some(Arc::new(Squares)));
        textures.get((SampleId(1), Layer::Photo));
        textures.set_source(None);
        std::thread::sleep(std::time::Duration::from_millis(20));
        textures.begin_frame(&ctx);
        assert!(textures.entries.is_empty());
    }
}
