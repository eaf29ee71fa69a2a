//! A graph computed node by node on f64, as its definition says: the oracle of the engine's tests.

use candle_core::{Result, Tensor};

use super::shapes::{adaptive_windows, pool_windows};
use crate::graph::{Activation, Conv2d, Graph, Interpolation, Op, Pool2d, PoolKind};

/// Values `(n, c, h, w)`; flat ones have `h = w = 1`.
#[derive(Clone, Debug)]
pub(super) struct Map {
    pub(super) dims: [usize; 4],
    pub(super) values: Vec<f64>,
}

impl Map {
    fn new(dims: [usize; 4], mut value: impl FnMut([usize; 4]) -> f64) -> Self {
        let [n, c, h, w] = dims;
        let mut values = Vec::with_capacity(n * c * h * w);
        for i in 0..n {
            for j in 0..c {
                for y in 0..h {
                    for x in 0..w {
                        values.push(value([i, j, y, x]));
                    }
                }
            }
        }
        Self { dims, values }
    }

    fn at(&self, [n, c, y, x]: [usize; 4]) -> f64 {
        let [_, channels, h, w] = self.dims;
        self.values[((n * channels + c) * h + y) * w + x]
    }
}

/// All outputs of a graph for an input `(n, c, h, w)`.
pub(super) fn forward(graph: &Graph, input: &[f32], dims: [usize; 4]) -> Result<Vec<Map>> {
    let mut results: Vec<Map> = Vec::new();
    for node in graph.nodes() {
        let inputs: Vec<&Map> = node.inputs.iter().map(|i| &results[i.0]).collect();
        let result = match &node.op {
            Op::Input { .. } => Map { dims, values: input.iter().map(|v| f64::from(*v)).collect() },
            op => compute(op, &inputs)?,
        };
        results.push(result);
    }
    Ok(graph.outputs().iter().map(|o| results[o.0].clone()).collect())
}

fn compute(op: &Op, inputs: &[&Map]) -> Result<Map> {
    let x = inputs[0];
    let [n, c, h, w] = x.dims;
    Ok(match op {
        Op::Input { .. } => x.clone(),
        Op::Conv2d(spec) => conv(spec, x)?,
        Op::ChannelAffine { scale, shift } => {
            let (scale, shift) = (numbers(scale)?, numbers(shift)?);
            Map::new(x.dims, |i| x.at(i) * scale[i[1]] + shift[i[1]])
        }
        Op::Activation(a) => Map::new(x.dims, |i| activate(*a, x.at(i))),
        Op::Add => Map::new(x.dims, |i| x.at(i) + inputs[1].at(i)),
        Op::Mul => {
            let other = inputs[1];
            let one = other.dims[2..] == [1, 1];
            Map::new(x.dims, |[i, j, y, k]| {
                x.at([i, j, y, k]) * other.at(if one { [i, j, 0, 0] } else { [i, j, y, k] })
            })
        }
        Op::Concat => {
            let channels = inputs.iter().map(|m| m.dims[1]).sum();
            Map::new([n, channels, h, w], |[i, mut j, y, k]| {
                for map in inputs {
                    if j < map.dims[1] {
                        return map.at([i, j, y, k]);
                    }
                    j -= map.dims[1];
                }
                f64::NAN
            })
        }
        Op::Pool2d(spec) => pool(spec, x)?,
        Op::AdaptiveAvgPool { output: [oh, ow] } => {
            let (rows, columns) = (adaptive_windows(h, *oh), adaptive_windows(w, *ow));
            Map::new([n, c, *oh, *ow], |[i, j, y, k]| {
                let (r, s) = (rows[y].range.clone(), columns[k].range.clone());
                let sum: f64 =
                    r.clone().flat_map(|a| s.clone().map(move |b| (a, b))).map(|(a, b)| x.at([i, j, a, b])).sum();
                sum / (r.len() * s.len()) as f64
            })
        }
        Op::Upsample { interpolation, factor } => upsample(*interpolation, *factor, x),
        Op::LayerNorm { weight, bias, eps } => {
            let (weight, bias) = (numbers(weight)?, numbers(bias)?);
            Map::new(x.dims, |[i, j, y, k]| {
                let pixel: Vec<f64> = (0..c).map(|j| x.at([i, j, y, k])).collect();
                let mean = pixel.iter().sum::<f64>() / c as f64;
                let variance = pixel.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / c as f64;
                (pixel[j] - mean) / (variance + eps).sqrt() * weight[j] + bias[j]
            })
        }
        Op::Attention(_) | Op::Offset(_) | Op::SpaceToDepth | Op::Channels { .. } | Op::Detached | Op::Tensor(_) => {
            candle_core::bail!("the CPU engine has no such operation")
        }
        Op::Flatten => Map { dims: [n, c * h * w, 1, 1], values: x.values.clone() },
        Op::Linear { weight, bias } => {
            let (outputs, inputs) = weight.dims2()?;
            let (weight, bias) = (numbers(weight)?, bias.as_ref().map(numbers).transpose()?);
            Map::new([n, outputs, 1, 1], |[i, o, ..]| {
                let sum: f64 = (0..inputs).map(|j| weight[o * inputs + j] * x.at([i, j, 0, 0])).sum();
                sum + bias.as_ref().map_or(0.0, |b| b[o])
            })
        }
    })
}

fn numbers(tensor: &Tensor) -> Result<Vec<f64>> {
    Ok(tensor.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f64::from).collect())
}

fn conv(spec: &Conv2d, x: &Map) -> Result<Map> {
    let (outputs, per_group, kh, kw) = spec.weight.dims4()?;
    let (weight, bias) = (numbers(&spec.weight)?, spec.bias.as_ref().map(numbers).transpose()?);
    let [n, _, h, w] = x.dims;
    let (p, [sy, sx], [dy, dx]) = (spec.padding, spec.stride, spec.dilation);
    let oh = (h + p.top + p.bottom - (kh - 1) * dy - 1) / sy + 1;
    let ow = (w + p.left + p.right - (kw - 1) * dx - 1) / sx + 1;
    Ok(Map::new([n, outputs, oh, ow], |[i, o, y, k]| {
        let first = o / (outputs / spec.groups) * per_group;
        let mut sum = bias.as_ref().map_or(0.0, |b| b[o]);
        for a in 0..kh {
            for b in 0..kw {
                let (row, column) = (y * sy + a * dy, k * sx + b * dx);
                if row < p.top || row - p.top >= h || column < p.left || column - p.left >= w {
                    continue;
                }
                for c in 0..per_group {
                    let weight = weight[((o * per_group + c) * kh + a) * kw + b];
                    sum += weight * x.at([i, first + c, row - p.top, column - p.left]);
                }
            }
        }
        sum
    }))
}

fn pool(spec: &Pool2d, x: &Map) -> Result<Map> {
    let [n, c, h, w] = x.dims;
    let [rows, columns] = pool_windows(spec, [h, w])?;
    Ok(Map::new([n, c, rows.len(), columns.len()], |[i, j, y, k]| {
        let (row, column) = (&rows[y], &columns[k]);
        let mut values = Vec::new();
        for a in row.range.clone() {
            for b in column.range.clone() {
                values.push(x.at([i, j, a, b]));
            }
        }
        match spec.kind {
            PoolKind::Max => values.into_iter().fold(f64::NEG_INFINITY, f64::max),
            PoolKind::Average { .. } => values.iter().sum::<f64>() / (row.size * column.size) as f64,
        }
    }))
}

fn upsample(interpolation: Interpolation, [fy, fx]: [usize; 2], x: &Map) -> Map {
    let [n, c, h, w] = x.dims;
    let tap = |i: usize, factor: usize, n: usize| {
        let at = ((i as f64 + 0.5) / factor as f64 - 0.5).max(0.0);
        let low = (at.floor() as usize).min(n - 1);
        (low, (low + 1).min(n - 1), at - low as f64)
    };
    Map::new([n, c, h * fy, w * fx], |[i, j, y, k]| match interpolation {
        Interpolation::Nearest => x.at([i, j, y / fy, k / fx]),
        Interpolation::Bilinear => {
            let ((y0, y1, v), (x0, x1, u)) = (tap(y, fy, h), tap(k, fx, w));
            (1.0 - v) * ((1.0 - u) * x.at([i, j, y0, x0]) + u * x.at([i, j, y0, x1]))
                + v * ((1.0 - u) * x.at([i, j, y1, x0]) + u * x.at([i, j, y1, x1]))
        }
    })
}

fn activate(activation: Activation, x: f64) -> f64 {
    super::network::act(activation).scalar(x)
}
