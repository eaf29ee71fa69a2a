//! Attention among the cells of maps, whole or in windows.

use candle_core::{D, DType, Device, Result, Tensor};

use super::super::{Attention, AttentionWindow};

/// An attention with its weights in place.
#[derive(Debug)]
pub(super) struct MultiHead {
    /// `(c, 3c)`
    weight: Tensor,
    /// `(3c)`
    bias: Tensor,
    /// `(c, c)`
    out_weight: Tensor,
    /// `(c)`
    out_bias: Tensor,
    heads: usize,
    window: Option<AttentionWindow>,
}

impl MultiHead {
    pub(super) fn new(attention: &Attention, device: &Device, dtype: DType) -> Result<Self> {
        let place = |t: &Tensor| t.to_device(device)?.to_dtype(dtype);
        let window = attention.window.as_ref().map(|window| {
            Ok::<_, candle_core::Error>(AttentionWindow {
                position_bias: place(&window.position_bias)?,
                ..window.clone()
            })
        });
        Ok(Self {
            weight: place(&attention.weight)?.t()?.contiguous()?,
            bias: place(&attention.bias)?,
            out_weight: place(&attention.out_weight)?.t()?.contiguous()?,
            out_bias: place(&attention.out_bias)?,
            heads: attention.heads,
            window: window.transpose()?,
        })
    }

    /// # Shapes
    /// `inputs`: `(n, c, h, w)` each, with `h` and `w` of their own; result: shape of the first.
    pub(super) fn apply(&self, inputs: &[&Tensor]) -> Result<Tensor> {
        match &self.window {
            Some(window) => self.in_windows(inputs[0], window),
            None => {
                let (n, c, h, w) = inputs[0].dims4()?;
                let cells = |x: &&Tensor| x.flatten_from(2)?.transpose(1, 2)?.contiguous();
                let all = inputs.iter().map(cells).collect::<Result<Vec<_>>>()?;
                let context = Tensor::cat(&all, 1)?; // (n, all cells, c)
                let result = self.attend(&all[0], &context, None)?;
                result.transpose(1, 2)?.contiguous()?.reshape((n, c, h, w))
            }
        }
    }

    /// # Shapes
    /// `asking`: `(b, t, c)`; `context`: `(b, s, c)`; `offset`, added to the scores: broadcasts to `(b, heads, t, s)`. Result `(b, t, c)`.
    fn attend(&self, asking: &Tensor, context: &Tensor, offset: Option<&Tensor>) -> Result<Tensor> {
        let (b, t, c) = asking.dims3()?;
        let size = c / self.heads;
        let project = |x: &Tensor, part: usize| {
            let (b, cells, _) = x.dims3()?;
            let weight = self.weight.narrow(1, part * c, c)?.contiguous()?;
            let y = x.reshape((b * cells, c))?.matmul(&weight)?.broadcast_add(&self.bias.narrow(0, part * c, c)?)?;
            y.reshape((b, cells, self.heads, size))?.transpose(1, 2)?.contiguous() // (b, heads, cells, size)
        };
        let (queries, keys, values) = (project(asking, 0)?, project(context, 1)?, project(context, 2)?);
        let scores = (queries.matmul(&keys.transpose(2, 3)?.contiguous()?)? * (size as f64).powf(-0.5))?;
        let scores = match offset {
            Some(offset) => scores.broadcast_add(offset)?,
            None => scores,
        };
        let shares = candle_nn::ops::softmax(&scores, D::Minus1)?;
        let result = shares.matmul(&values)?.transpose(1, 2)?.contiguous()?.reshape((b * t, c))?;
        result.matmul(&self.out_weight)?.broadcast_add(&self.out_bias)?.reshape((b, t, c))
    }

    fn in_windows(&self, x: &Tensor, window: &AttentionWindow) -> Result<Tensor> {
        let (n, c, h, w) = x.dims4()?;
        let side = window.side;
        let rows = Axis::new(h, window);
        let columns = Axis::new(w, window);
        let x = x.pad_with_zeros(2, 0, rows.cells - h)?.pad_with_zeros(3, 0, columns.cells - w)?;
        let x = roll(&roll(&x, 2, rows.shift)?, 3, columns.shift)?;
        let (down, across) = (rows.cells / side, columns.cells / side);
        let x = x.reshape(vec![n, c, down, side, across, side])?.permute(vec![0, 2, 4, 3, 5, 1])?;
        let x = x.contiguous()?.reshape((n * down * across, side * side, c))?;
        let mut offset = window.position_bias.unsqueeze(0)?;
        if rows.shift + columns.shift > 0 {
            let walls = walls(&rows, &columns, side, x.device())?.to_dtype(x.dtype())?;
            offset = walls.repeat((n, 1, 1, 1))?.broadcast_add(&offset)?;
        }
        let y = self.attend(&x, &x, Some(&offset))?;
        let y = y.reshape(vec![n, down, across, side, side, c])?.permute(vec![0, 5, 1, 3, 2, 4])?;
        let y = y.contiguous()?.reshape((n, c, rows.cells, columns.cells))?;
        let back = |axis: &Axis| (axis.cells - axis.shift) % axis.cells;
        roll(&roll(&y, 2, back(&rows))?, 3, back(&columns))?.narrow(2, 0, h)?.narrow(3, 0, w)?.contiguous()
    }
}

/// A map's rows or columns, in windows.
struct Axis {
    /// With the padding, a multiple of the windows' side.
    cells: usize,
    shift: usize,
    side: usize,
}

impl Axis {
    fn new(size: usize, window: &AttentionWindow) -> Self {
        let cells = size.next_multiple_of(window.side);
        Self { cells, shift: if cells > window.side { window.shift } else { 0 }, side: window.side }
    }

    /// Of which connected part of the unshifted map a cell of the shifted one is, within its window.
    fn part(&self, cell: usize) -> usize {
        usize::from(self.shift > 0 && cell >= self.cells - self.side) + usize::from(cell + self.shift >= self.cells)
    }
}

/// The cells `shift` further along an axis, those at its start behind its end.
fn roll(x: &Tensor, axis: usize, shift: usize) -> Result<Tensor> {
    if shift == 0 {
        return Ok(x.clone());
    }
    let size = x.dim(axis)?;
    Tensor::cat(&[x.narrow(axis, shift, size - shift)?, x.narrow(axis, 0, shift)?], axis)
}

/// Large negative scores between cells of a window that the shift brought together from opposite edges, 0 elsewhere:
/// `(windows, 1, side^2, side^2)`.
fn walls(rows: &Axis, columns: &Axis, side: usize, device: &Device) -> Result<Tensor> {
    let (down, across, cells) = (rows.cells / side, columns.cells / side, side * side);
    let mut values = Vec::with_capacity(down * across * cells * cells);
    for window in 0..down * across {
        let part = |cell: usize| {
            let (y, x) = (window / across * side + cell / side, window % across * side + cell % side);
            (rows.part(y), columns.part(x))
        };
        for from in 0..cells {
            values.extend((0..cells).map(|to| if part(from) == part(to) { 0.0_f32 } else { -100.0 }));
        }
    }
    Tensor::from_vec(values, (down * across, 1, cells, cells), device)
}
