//! A list of steps over one arena, run by several threads that walk it together.
//!
//! Comes in: steps, each with what it reads and a [`Window`] for each of its tasks. Goes out: a [`Program`], which has
//! checked that no task reads or writes what another task of its step writes. That check is what makes it sound to give
//! the threads slices of one arena.
//!
//! Every thread takes tasks of the current step from a counter; a step ends when its tasks are done, not when all threads
//! have arrived, so a thread that starts late or never costs nothing but speed.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::buffer::LaneBuffer;
use super::isa::Isa;
use super::simd::{LANES, Lanes};
use super::window::{Window, WindowMut};

/// Memory that a step reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffer {
    /// The caller's input; only read.
    Input,
    /// The program's own memory.
    Arena,
    /// The caller's output of this number; only written.
    Output(usize),
}

/// What a step reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where.
    pub buffer: Buffer,
    /// Which of its f32.
    pub range: Range<usize>,
}

/// A computation that is split into tasks.
pub trait Op: Send + Sync {
    /// Computes one task; must write all of its window.
    fn run(&self, isa: Isa, task: usize, io: Io<'_>);
}

/// One computation of a program.
pub struct Step {
    /// Whose part it is, for those who read measurements.
    pub name: Arc<str>,
    /// What to do.
    pub op: Box<dyn Op>,
    /// What every task may read.
    pub reads: Vec<Span>,
    /// Where the tasks write.
    pub writes: Buffer,
    /// What each task writes.
    pub windows: Vec<Window>,
    /// Blocks of lanes that a task needs for itself.
    pub scratch: usize,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, reads, writes, windows, scratch, .. } = self;
        write!(
            f,
            "Step {{ name: {name:?}, reads: {reads:?}, writes: {writes:?}, tasks: {}, scratch: {scratch} }}",
            windows.len()
        )
    }
}

/// What a task reads and writes.
pub struct Io<'a> {
    /// What its step reads.
    pub reads: Reads<'a>,
    /// Its window.
    pub out: WindowMut<'a, f32>,
    /// Memory for intermediate values, of any content.
    pub scratch: &'a mut [Lanes],
}

/// The spans of a step.
#[derive(Clone, Copy)]
pub struct Reads<'a> {
    spans: &'a [Span],
    memory: &'a Memory,
}

impl<'a> Reads<'a> {
    /// The span of this number.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn floats(self, index: usize) -> &'a [f32] {
        let span = &self.spans[index];
        let base = match span.buffer {
            Buffer::Input => self.memory.input,
            Buffer::Arena => self.memory.arena.cast_const(),
            Buffer::Output(i) => self.memory.outputs[i].cast_const(),
        };
        // SAFETY: `Program::new` checked that the span is inside its buffer and that no task of this step writes it, and
        // other steps do not run at the same time.
        unsafe { std::slice::from_raw_parts(base.add(span.range.start), span.range.len()) }
    }

    /// The span of this number in blocks of lanes.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn lanes(self, index: usize) -> &'a [Lanes] {
        self.floats(index).as_chunks().0
    }
}

/// Lengths of a program's buffers in f32.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// The caller's input.
    pub input: usize,
    /// The program's own memory.
    pub arena: usize,
    /// The caller's outputs.
    pub outputs: Vec<usize>,
}

impl Sizes {
    fn of(&self, buffer: Buffer) -> usize {
        match buffer {
            Buffer::Input => self.input,
            Buffer::Arena => self.arena,
            Buffer::Output(i) => self.outputs.get(i).copied().unwrap_or(0),
        }
    }
}

/// A program whose steps would interfere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ProgramError {
    #[error("step {step} reads or writes outside of its buffer")]
    Outside { step: usize },
    #[error("two tasks of step {step} write the same values")]
    Overlap { step: usize },
    #[error("step {step} reads values that it writes")]
    ReadsOwnOutput { step: usize },
    #[error("step {step} writes the input")]
    WritesInput { step: usize },
    #[error("the order names step {step}, which does not exist")]
    NoSuchStep { step: usize },
}

/// Steps in the order of their execution, checked.
#[derive(Debug)]
pub struct Program {
    steps: Vec<Step>,
    order: Vec<usize>,
    sizes: Sizes,
    scratch: usize,
}

/// Memory of one run, which may serve the next one, of any program.
#[derive(Debug, Default)]
pub struct Workspace {
    arena: LaneBuffer,
    scratch: Vec<LaneBuffer>,
}

/// The addresses of a run's buffers.
struct Memory {
    input: *const f32,
    arena: *mut f32,
    outputs: Vec<*mut f32>,
}

// SAFETY: the pointers are only used for the spans and windows of a checked program: no value is written by one thread while
// another one reads or writes it, and the counters of a run order the steps.
unsafe impl Sync for Memory {}

/// How far a step has come.
#[derive(Default)]
#[repr(align(64))]
struct Progress {
    next: AtomicUsize,
    done: AtomicUsize,
}

/// Tells the other threads when one of them panics, so that they do not wait for its task.
struct AbortOnPanic<'a>(&'a AtomicBool);

impl Drop for AbortOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Release);
        }
    }
}

/// Checks before a waiting thread lets others use its processor.
const SPINS: u32 = 300;

impl Program {
    /// Checks the steps; `order` lists the steps' numbers as they are to be executed, a step as often as needed.
    ///
    /// # Errors
    /// If a step leaves its buffers, or its tasks would read or write what another one of them writes.
    pub fn new(steps: Vec<Step>, order: Vec<usize>, sizes: Sizes) -> Result<Self, ProgramError> {
        for (i, step) in steps.iter().enumerate() {
            check(i, step, &sizes)?;
        }
        if let Some(&step) = order.iter().find(|s| **s >= steps.len()) {
            return Err(ProgramError::NoSuchStep { step });
        }
        let scratch = steps.iter().map(|s| s.scratch).max().unwrap_or(0);
        Ok(Self { steps, order, sizes, scratch })
    }

    /// The lengths of its buffers.
    pub fn sizes(&self) -> &Sizes {
        &self.sizes
    }

    /// Bytes of memory that a run needs on so many threads.
    pub fn workspace_bytes(&self, threads: usize) -> usize {
        4 * self.sizes.arena + threads * self.scratch * size_of::<Lanes>()
    }

    /// Runs all steps on up to `threads` threads of the current rayon pool, the caller among them.
    ///
    /// # Panics
    /// If a buffer does not have the length the program was made for.
    pub fn run(&self, isa: Isa, threads: usize, workspace: &mut Workspace, input: &[f32], outputs: &mut [&mut [f32]]) {
        let (memory, scratch) = self.memory(threads.max(1), workspace, input, outputs);
        self.run_in(isa, memory, scratch, &mut |_| {});
    }

    /// The same; returns the names of the steps and how long each took, in the order of execution.
    ///
    /// # Panics
    /// If a buffer does not have the length the program was made for.
    pub fn run_timed(
        &self,
        isa: Isa,
        threads: usize,
        workspace: &mut Workspace,
        input: &[f32],
        outputs: &mut [&mut [f32]],
    ) -> Vec<(Arc<str>, Duration)> {
        let (memory, scratch) = self.memory(threads.max(1), workspace, input, outputs);
        let mut times = Vec::with_capacity(self.order.len());
        let mut last = Instant::now();
        self.run_in(isa, memory, scratch, &mut |step| {
            let now = Instant::now();
            times.push((step.name.clone(), now - last));
            last = now;
        });
        times
    }

    /// Runs all steps, on a thread for each scratch; `finished` is told of each step on the calling thread.
    fn run_in(&self, isa: Isa, memory: Memory, scratch: &mut [LaneBuffer], finished: &mut dyn FnMut(&Step)) {
        let progress: Vec<Progress> = self.order.iter().map(|_| Progress::default()).collect();
        let aborted = AtomicBool::new(false);
        let mut scratch = scratch.iter_mut().map(LaneBuffer::as_mut_slice);
        let own = scratch.next().unwrap_or_default();
        let (memory, progress, aborted) = (&memory, &progress[..], &aborted);
        if scratch.len() == 0 {
            return self.walk(isa, memory, progress, aborted, own, finished);
        }
        rayon::in_place_scope(|scope| {
            for scratch in scratch {
                scope.spawn(move |_| self.walk(isa, memory, progress, aborted, scratch, &mut |_| {}));
            }
            self.walk(isa, memory, progress, aborted, own, finished);
        });
    }

    /// Memory for a run on so many threads: the addresses, and scratch for each thread.
    fn memory<'w>(
        &self,
        threads: usize,
        workspace: &'w mut Workspace,
        input: &[f32],
        outputs: &mut [&mut [f32]],
    ) -> (Memory, &'w mut [LaneBuffer]) {
        let lengths: Vec<_> = outputs.iter().map(|o| o.len()).collect();
        assert!(input.len() == self.sizes.input && lengths == self.sizes.outputs, "wrong lengths of input or outputs");
        let Workspace { arena, scratch } = workspace;
        scratch.resize_with(threads.max(scratch.len()), LaneBuffer::default);
        arena.reserve(self.sizes.arena.div_ceil(LANES));
        scratch.iter_mut().for_each(|s| s.reserve(self.scratch));
        let memory = Memory {
            input: input.as_ptr(),
            arena: arena.as_mut_slice().as_mut_ptr().cast(),
            outputs: outputs.iter_mut().map(|o| o.as_mut_ptr()).collect(),
        };
        (memory, &mut scratch[..threads])
    }

    /// One thread's way through the steps.
    fn walk(
        &self,
        isa: Isa,
        memory: &Memory,
        progress: &[Progress],
        aborted: &AtomicBool,
        scratch: &mut [Lanes],
        finished: &mut dyn FnMut(&Step),
    ) {
        let _guard = AbortOnPanic(aborted);
        for (&index, progress) in self.order.iter().zip(progress) {
            let step = &self.steps[index];
            loop {
                let task = progress.next.fetch_add(1, Ordering::Relaxed);
                let Some(&window) = step.windows.get(task) else { break };
                step.run_task(isa, task, window, memory, &mut scratch[..step.scratch]);
                progress.done.fetch_add(1, Ordering::Release);
            }
            let mut spins = 0;
            while progress.done.load(Ordering::Acquire) < step.windows.len() {
                if aborted.load(Ordering::Acquire) {
                    return;
                }
                spins += 1;
                if spins < SPINS { std::hint::spin_loop() } else { std::thread::yield_now() }
            }
            finished(step);
        }
    }
}

impl Step {
    fn run_task(&self, isa: Isa, task: usize, window: Window, memory: &Memory, scratch: &mut [Lanes]) {
        let base = match self.writes {
            Buffer::Output(i) => memory.outputs[i],
            Buffer::Arena | Buffer::Input => memory.arena,
        };
        // SAFETY: `Program::new` checked that the window is inside its buffer (which is not the input), that its runs do not
        // overlap, and that no other task of this step reads or writes it; a task is given out once.
        let out = unsafe { WindowMut::from_raw(base.add(window.start), window.rows, window.stride, window.len) };
        self.op.run(isa, task, Io { reads: Reads { spans: &self.reads, memory }, out, scratch });
    }
}

/// Whether the tasks of a step stay within their buffers and out of one another's way.
fn check(index: usize, step: &Step, sizes: &Sizes) -> Result<(), ProgramError> {
    if step.writes == Buffer::Input {
        return Err(ProgramError::WritesInput { step: index });
    }
    let size = sizes.of(step.writes);
    let mut runs: Vec<Range<usize>> = Vec::new();
    for window in &step.windows {
        runs.extend(window.runs());
        if window.start > size {
            return Err(ProgramError::Outside { step: index });
        }
    }
    runs.sort_unstable_by_key(|r| r.start);
    if runs.last().is_some_and(|r| r.end > size) {
        return Err(ProgramError::Outside { step: index });
    }
    if runs.windows(2).any(|pair| pair[0].end > pair[1].start) {
        return Err(ProgramError::Overlap { step: index });
    }
    for span in &step.reads {
        let Range { start, end } = span.range;
        if start > end || end > sizes.of(span.buffer) {
            return Err(ProgramError::Outside { step: index });
        }
        let first = runs.partition_point(|r| r.end <= start);
        if span.buffer == step.writes && start < end && runs.get(first).is_some_and(|r| r.start < end) {
            return Err(ProgramError::ReadsOwnOutput { step: index });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes twice what it reads, or panics.
    struct Double {
        panics: bool,
    }

    impl Op for Double {
        fn run(&self, _isa: Isa, task: usize, mut io: Io<'_>) {
            assert!(!self.panics, "as asked");
            let len = io.out.len();
            let from = &io.reads.floats(0)[task * len..][..len];
            for (to, from) in io.out.row(0).iter_mut().zip(from) {
                *to = 2.0 * from;
            }
        }
    }

    fn step(reads: (Buffer, Range<usize>), writes: Buffer, windows: Vec<Window>) -> Step {
        let op = Box::new(Double { panics: false });
        Step {
            name: "double".into(),
            op,
            reads: vec![Span { buffer: reads.0, range: reads.1 }],
            writes,
            windows,
            scratch: 0,
        }
    }

    fn sizes() -> Sizes {
        Sizes { input: 64, arena: 64, outputs: vec![64] }
    }

    fn quarters() -> Vec<Window> {
        (0..4).map(|i| Window::run(16 * i, 16)).collect()
    }

    fn program(steps: Vec<Step>) -> Result<Program, ProgramError> {
        let order = (0..steps.len()).collect();
        Program::new(steps, order, sizes())
    }

    #[test]
    fn steps_run_in_order_on_any_number_of_threads() -> Result<(), ProgramError> {
        let program = program(vec![
            step((Buffer::Input, 0..64), Buffer::Arena, quarters()),
            step((Buffer::Arena, 0..64), Buffer::Output(0), quarters()),
        ])?;
        let input: Vec<f32> = (0..64).map(|i| i as f32).collect();
        let expected: Vec<f32> = input.iter().map(|v| 4.0 * v).collect();
        for threads in 1..6 {
            let mut output = vec![0.0; 64];
            program.run(Isa::best(), threads, &mut Workspace::default(), &input, &mut [&mut output]);
            assert_eq!(output, expected);
        }
        Ok(())
    }

    #[test]
    fn overlapping_windows_are_refused() {
        let windows = vec![Window::run(0, 17), Window::run(16, 16)];
        let error = program(vec![step((Buffer::Input, 0..64), Buffer::Arena, windows)]).expect_err("they overlap");
        assert_eq!(error, ProgramError::Overlap { step: 0 });
        let window = Window { start: 0, rows: 2, stride: 8, len: 9 };
        let error = program(vec![step((Buffer::Input, 0..64), Buffer::Arena, vec![window])]).expect_err("rows overlap");
        assert_eq!(error, ProgramError::Overlap { step: 0 });
    }

    #[test]
    fn interleaved_windows_are_accepted() {
        let windows = (0..4).map(|i| Window { start: 4 * i, rows: 4, stride: 16, len: 4 }).collect();
        assert!(program(vec![step((Buffer::Input, 0..64), Buffer::Arena, windows)]).is_ok());
    }

    #[test]
    fn reading_what_the_step_writes_is_refused() {
        let error = program(vec![step((Buffer::Arena, 60..64), Buffer::Arena, quarters())]).expect_err("reads itself");
        assert_eq!(error, ProgramError::ReadsOwnOutput { step: 0 });
    }

    #[test]
    fn spans_and_windows_outside_are_refused() {
        let far = vec![Window::run(60, 5)];
        let error = program(vec![step((Buffer::Input, 0..64), Buffer::Arena, far)]).expect_err("too far");
        assert_eq!(error, ProgramError::Outside { step: 0 });
        let error = program(vec![step((Buffer::Input, 0..65), Buffer::Arena, quarters())]).expect_err("too long");
        assert_eq!(error, ProgramError::Outside { step: 0 });
        let error =
            program(vec![step((Buffer::Input, 0..64), Buffer::Output(1), quarters())]).expect_err("no output 1");
        assert_eq!(error, ProgramError::Outside { step: 0 });
    }

    #[test]
    fn a_panic_in_a_task_ends_the_run_on_all_threads() -> Result<(), ProgramError> {
        let mut wrong = step((Buffer::Input, 0..64), Buffer::Arena, quarters());
        wrong.op = Box::new(Double { panics: true });
        let program = program(vec![wrong])?;
        let run = std::panic::AssertUnwindSafe(|| {
            program.run(Isa::best(), 4, &mut Workspace::default(), &[0.0; 64], &mut [&mut [0.0; 64]]);
        });
        assert!(std::panic::catch_unwind(run).is_err());
        Ok(())
    }
}
