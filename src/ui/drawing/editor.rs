//! Editing the drawn regions of one image: what a person does goes in, regions and their history come out. Knows nothing of
//! windows, keys and pixels of the screen.

use super::history::{History, Series};
use super::input::{Input, Tool};
use super::outline::{self, Handle, Point};
use crate::geometry::{BBox, Size};
use crate::roi::{DrawnRoi, Outline};

/// What the pointer would take hold of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// A handle of the chosen region.
    Handle(Handle),
    /// The inside of a region.
    Region(usize),
    /// No region.
    Nothing,
}

/// What the pointer is in the middle of.
#[derive(Clone, Debug, Default, PartialEq)]
enum Gesture {
    #[default]
    None,
    /// A box from one corner; `over` is chosen if it stays a click.
    NewBox {
        from: Point,
        over: Option<usize>,
    },
    /// The corners so far, and the pointer.
    NewRing {
        ring: Vec<Point>,
        at: Point,
        reach: f32,
    },
    /// The chosen region as it was.
    Drag {
        from: Point,
        outline: Outline,
    },
    DragHandle {
        handle: Handle,
        outline: Outline,
    },
}

/// The drawn regions of one image, being edited.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Editor {
    /// Where regions may be: the image.
    limits: BBox,
    regions: Vec<DrawnRoi>,
    chosen: Option<usize>,
    corner: Option<usize>,
    gesture: Gesture,
    /// The regions before the gesture.
    before: Vec<DrawnRoi>,
    history: History,
    is_unsaved: bool,
}

impl Editor {
    /// An editor of what was drawn on an image of `size`.
    pub(crate) fn new(size: Size, regions: Vec<DrawnRoi>) -> Self {
        Self {
            limits: size.bounds(),
            regions,
            chosen: None,
            corner: None,
            gesture: Gesture::None,
            before: Vec::new(),
            history: History::default(),
            is_unsaved: false,
        }
    }

    /// The regions, the one being drawn included.
    pub(crate) fn regions(&self) -> &[DrawnRoi] {
        &self.regions
    }

    /// The region that keys act on.
    pub(crate) fn chosen(&self) -> Option<usize> {
        self.chosen
    }

    /// The corner of it that keys act on.
    pub(crate) fn corner(&self) -> Option<usize> {
        self.corner
    }

    /// The corners of the polygon that is being drawn, the pointer as the last one.
    pub(crate) fn open_ring(&self) -> Option<Vec<Point>> {
        match &self.gesture {
            Gesture::NewRing { ring, at, .. } => Some(ring.iter().copied().chain([*at]).collect()),
            _ => None,
        }
    }

    /// Whether something is being drawn or dragged.
    pub(crate) fn is_busy(&self) -> bool {
        self.gesture != Gesture::None
    }

    /// Whether there is a change to take back.
    pub(crate) fn can_undo(&self) -> bool {
        self.history.has_past()
    }

    /// Whether there is a change to repeat.
    pub(crate) fn can_redo(&self) -> bool {
        self.history.has_future()
    }

    /// The regions, if a change was completed since the last call: they have to be saved.
    pub(crate) fn take_unsaved(&mut self) -> Option<Vec<DrawnRoi>> {
        std::mem::take(&mut self.is_unsaved).then(|| match self.gesture {
            Gesture::None => self.regions.clone(),
            _ => self.before.clone(),
        })
    }

    /// What the pointer is over: handles of the chosen region first, then its inside, then the smallest region around.
    pub(crate) fn over(&self, at: Point, reach: f32) -> Over {
        if let Some(chosen) = self.chosen {
            let outline = &self.regions[chosen].outline;
            if let Some(handle) = outline::handle_at(outline, at, reach) {
                return Over::Handle(handle);
            }
            if outline::contains(outline, at) {
                return Over::Region(chosen);
            }
        }
        self.smallest_around(at).map_or(Over::Nothing, Over::Region)
    }

    fn smallest_around(&self, at: Point) -> Option<usize> {
        let around = self.regions.iter().enumerate().filter(|(_, region)| outline::contains(&region.outline, at));
        around.min_by(|(_, a), (_, b)| outline::area(&a.outline).total_cmp(&outline::area(&b.outline))).map(|(i, _)| i)
    }

    /// Deals with what a person does.
    pub(crate) fn take(&mut self, input: Input) {
        match input {
            Input::Press { at, reach, tool } => self.press(at, reach, tool),
            Input::Move(to) => self.follow(to),
            Input::Release(at) => self.release(at),
            Input::Finish => self.finish(),
            Input::Cancel => self.cancel(),
            Input::Delete => self.delete(),
            Input::Nudge(by) => self.nudge(by),
            Input::NextRegion(step) => {
                self.give_up();
                self.choose(around(self.chosen, step, self.regions.len()));
            }
            Input::NextCorner(step) => {
                self.give_up();
                let corners = self.chosen_outline().map_or(0, |outline| outline::corners(outline).len());
                self.corner = around(self.corner, step, corners);
            }
            Input::Choose(region) => {
                self.give_up();
                self.choose(region.filter(|i| *i < self.regions.len()));
            }
            Input::Add(region) => {
                self.give_up();
                self.edit(None, |regions| regions.push(region));
                self.choose(self.regions.len().checked_sub(1));
            }
            Input::AddCorner => self.add_corner(),
            Input::Rename(name) => {
                self.give_up();
                if let Some(chosen) = self.chosen {
                    self.edit(Some(Series::Rename(chosen)), |regions| regions[chosen].name = name);
                }
            }
            Input::Undo => self.undo(),
            Input::Redo => self.redo(),
        }
    }

    fn press(&mut self, at: Point, reach: f32, tool: Tool) {
        let at = outline::clamped(at, self.limits);
        if let Gesture::NewRing { ring, reach, .. } = &mut self.gesture {
            // On the first corner the ring closes, on the last one (as by a double click) as well.
            let is_at = |corner: Option<&Point>| corner.is_some_and(|c| outline::distance(*c, at) <= *reach);
            if is_at(ring.last()) || (ring.len() >= 3 && is_at(ring.first())) {
                self.finish();
            } else {
                ring.push(at);
            }
            return;
        }
        self.give_up();
        self.before.clone_from(&self.regions);
        let over = self.over(at, reach);
        self.gesture = match (over, self.chosen, tool) {
            (Over::Handle(handle), Some(chosen), _) => self.take_hold(chosen, handle, at),
            (Over::Region(region), Some(chosen), _) if region == chosen => self.lift(chosen, at),
            (Over::Region(region), _, Tool::Select) => {
                self.choose(Some(region));
                self.lift(region, at)
            }
            (_, _, Tool::Select) => {
                self.choose(None);
                Gesture::None
            }
            (over, _, Tool::Box) => {
                let over = if let Over::Region(region) = over { Some(region) } else { None };
                Gesture::NewBox { from: at, over }
            }
            (_, _, Tool::Polygon) => {
                self.choose(None);
                Gesture::NewRing { ring: vec![at], at, reach }
            }
        };
    }

    fn lift(&mut self, region: usize, from: Point) -> Gesture {
        self.corner = None;
        Gesture::Drag { from, outline: self.regions[region].outline.clone() }
    }

    fn take_hold(&mut self, region: usize, handle: Handle, at: Point) -> Gesture {
        let outline = &mut self.regions[region].outline;
        // A polygon gets its new corner now, and from now on that is what is dragged.
        let handle = match (&*outline, handle) {
            (Outline::Polygon(_), Handle::Side(i)) => {
                *outline = outline::with_handle(outline, handle, at, self.limits);
                Handle::Corner(i + 1)
            }
            _ => handle,
        };
        self.corner = if let Handle::Corner(i) = handle { Some(i) } else { None };
        Gesture::DragHandle { handle, outline: outline.clone() }
    }

    fn follow(&mut self, to: Point) {
        let limits = self.limits;
        let to = outline::clamped(to, limits);
        match &mut self.gesture {
            Gesture::None => {}
            Gesture::NewRing { at, .. } => *at = to,
            Gesture::NewBox { from, .. } => {
                let outline = Outline::Box(outline::spanned(*from, to));
                let is_new = self.regions.len() == self.before.len();
                if is_new && outline::is_kept(&outline) {
                    self.regions.push(DrawnRoi { outline, name: String::new() });
                    self.choose(Some(self.before.len()));
                } else if let Some(region) = self.regions.get_mut(self.before.len()) {
                    region.outline = outline;
                }
            }
            Gesture::Drag { from, outline } => {
                if let Some(region) = self.chosen.and_then(|i| self.regions.get_mut(i)) {
                    region.outline = outline::moved(outline, [to[0] - from[0], to[1] - from[1]], limits);
                }
            }
            Gesture::DragHandle { handle, outline } => {
                if let Some(region) = self.chosen.and_then(|i| self.regions.get_mut(i)) {
                    region.outline = outline::with_handle(outline, *handle, to, limits);
                }
            }
        }
    }

    fn release(&mut self, at: Point) {
        self.follow(at);
        let over = match self.gesture {
            Gesture::None | Gesture::NewRing { .. } => return,
            Gesture::NewBox { over, .. } if self.regions.len() == self.before.len() => Some(over),
            _ => None,
        };
        self.gesture = Gesture::None;
        if let Some(over) = over {
            self.choose(over);
        } else if self.regions.iter().all(|region| outline::is_kept(&region.outline)) {
            let before = std::mem::take(&mut self.before);
            self.record(before, None);
            self.put_corner_right();
        } else {
            self.restore();
        }
    }

    /// A box that was turned over has its chosen corner elsewhere: no corner is chosen then.
    fn put_corner_right(&mut self) {
        if matches!(self.chosen_outline(), Some(Outline::Box(_))) {
            self.corner = None;
        }
    }

    fn finish(&mut self) {
        let Gesture::NewRing { ring, .. } = &mut self.gesture else { return };
        let outline = Outline::Polygon(std::mem::take(ring));
        self.gesture = Gesture::None;
        if outline::is_kept(&outline) {
            self.edit(None, |regions| regions.push(DrawnRoi { outline, name: String::new() }));
            self.choose(self.regions.len().checked_sub(1));
        }
    }

    fn cancel(&mut self) {
        if self.is_busy() {
            self.give_up();
        } else if self.corner.take().is_none() {
            self.choose(None);
        }
    }

    /// Leaves a gesture without a trace.
    fn give_up(&mut self) {
        match std::mem::take(&mut self.gesture) {
            Gesture::None | Gesture::NewRing { .. } => {}
            _ => self.restore(),
        }
    }

    fn restore(&mut self) {
        self.regions = std::mem::take(&mut self.before);
        self.choose(self.chosen.filter(|i| *i < self.regions.len()));
    }

    fn delete(&mut self) {
        if let Gesture::NewRing { ring, .. } = &mut self.gesture {
            ring.pop();
            if ring.is_empty() {
                self.gesture = Gesture::None;
            }
            return;
        }
        self.give_up();
        let Some(chosen) = self.chosen else { return };
        match (&self.regions[chosen].outline, self.corner) {
            (Outline::Polygon(ring), Some(corner)) if ring.len() > 3 => {
                let mut ring = ring.clone();
                ring.remove(corner);
                let last = ring.len() - 1;
                self.edit(None, |regions| regions[chosen].outline = Outline::Polygon(ring));
                self.corner = Some(corner.min(last));
            }
            _ => {
                self.edit(None, |regions| drop(regions.remove(chosen)));
                let last = self.regions.len().checked_sub(1);
                self.choose(last.map(|last| chosen.min(last)));
            }
        }
    }

    fn nudge(&mut self, by: Point) {
        self.give_up();
        let Some(chosen) = self.chosen else { return };
        let (limits, outline) = (self.limits, &self.regions[chosen].outline);
        let outline = match self.corner {
            Some(corner) => {
                let [x, y] = outline::corners(outline)[corner];
                outline::with_handle(outline, Handle::Corner(corner), [x + by[0], y + by[1]], limits)
            }
            None => outline::moved(outline, by, limits),
        };
        if outline::is_kept(&outline) {
            let series = Some(Series::Nudge(chosen, self.corner));
            self.edit(series, |regions| regions[chosen].outline = outline);
        }
    }

    fn add_corner(&mut self) {
        self.give_up();
        let Some(chosen) = self.chosen else { return };
        let outline = &self.regions[chosen].outline;
        let mut ring = outline::corners(outline);
        if let Outline::Polygon(_) = outline {
            let (corner, n) = (self.corner.unwrap_or(0), ring.len());
            let ([ax, ay], [bx, by]) = (ring[corner], ring[(corner + 1) % n]);
            ring.insert(corner + 1, [(ax + bx) / 2.0, (ay + by) / 2.0]);
            self.corner = Some(corner + 1);
        }
        self.edit(None, |regions| regions[chosen].outline = Outline::Polygon(ring));
    }

    fn undo(&mut self) {
        if self.is_busy() {
            self.give_up();
        } else if let Some(regions) = self.history.back(&self.regions) {
            self.turn_to(regions);
        }
    }

    fn redo(&mut self) {
        self.give_up();
        if let Some(regions) = self.history.forth(&self.regions) {
            self.turn_to(regions);
        }
    }

    /// Turns to another state and chooses what has come back or changed in it, so that it is seen.
    fn turn_to(&mut self, regions: Vec<DrawnRoi>) {
        let before = std::mem::replace(&mut self.regions, regions);
        self.is_unsaved = true;
        let changed = (0..self.regions.len()).find(|i| self.regions.get(*i) != before.get(*i));
        self.choose(changed.or(self.chosen.filter(|i| *i < self.regions.len())));
    }

    fn choose(&mut self, region: Option<usize>) {
        self.chosen = region;
        self.corner = None;
    }

    fn chosen_outline(&self) -> Option<&Outline> {
        self.chosen.map(|i| &self.regions[i].outline)
    }

    fn edit(&mut self, series: Option<Series>, change: impl FnOnce(&mut Vec<DrawnRoi>)) {
        let before = self.regions.clone();
        change(&mut self.regions);
        self.record(before, series);
    }

    /// Keeps a change in the history, unless it is none.
    fn record(&mut self, before: Vec<DrawnRoi>, series: Option<Series>) {
        if before != self.regions {
            self.history.record(before, series);
            self.is_unsaved = true;
        }
    }
}

/// The place `step` further on among `n`, all around; from nowhere the first or the last.
fn around(place: Option<usize>, step: isize, n: usize) -> Option<usize> {
    let last = n.checked_sub(1)?;
    match place {
        None if step < 0 => Some(last),
        None => Some(0),
        Some(place) => Some((place as isize + step).rem_euclid(n as isize) as usize),
    }
}
