//! Draws egui's meshes on the CPU, so that pictures of the window need no driver and no package.
//!
//! The same shapes give the same bytes on every machine: which pixels a triangle covers is decided in integers (1/256 of a
//! pixel, top-left rule), colours are blended in 8 bits, and what is interpolated uses plain `f64` arithmetic. Colours are
//! premultiplied and blended in gamma space, as egui's own back ends do. Paint callbacks are not supported.

use std::collections::BTreeMap;

use eframe::egui;
use egui::epaint::{ClippedPrimitive, ImageDelta, Mesh, Primitive, Vertex};
use egui::{Color32, TextureFilter, TextureId, TextureWrapMode, TexturesDelta};

/// Fractions of a pixel in vertex positions.
const SUBPIXELS: f64 = 256.0;

/// A renderer for [`egui_kittest::HarnessBuilder::renderer`].
#[derive(Default)]
pub(crate) struct SoftRenderer {
    textures: BTreeMap<TextureId, Texture>,
}

impl egui_kittest::TestRenderer for SoftRenderer {
    #[expect(clippy::iter_over_hash_type, reason = "no texture depends on another one")]
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        for (id, changes) in delta.set.drain() {
            for change in changes {
                self.change(id, &change);
            }
        }
        for id in delta.free.drain() {
            self.textures.remove(&id);
        }
    }

    fn render(&mut self, ctx: &egui::Context, output: &egui::FullOutput) -> Result<image::RgbaImage, String> {
        let scale = output.pixels_per_point;
        let size = ctx.content_rect().size() * scale;
        let mut canvas = Canvas::new(size.x.round() as usize, size.y.round() as usize);
        for ClippedPrimitive { clip_rect, primitive } in ctx.tessellate(output.shapes.clone(), scale) {
            let Primitive::Mesh(mesh) = primitive else { return Err("paint callbacks cannot be drawn".into()) };
            let texture = self.textures.get(&mesh.texture_id).ok_or("a mesh has no texture")?;
            canvas.draw(&mesh, texture, canvas.clip(clip_rect, scale), f64::from(scale));
        }
        canvas.into_image().ok_or_else(|| "the window has no size".into())
    }
}

impl SoftRenderer {
    fn change(&mut self, id: TextureId, delta: &ImageDelta) {
        let egui::ImageData::Color(image) = &delta.image;
        match delta.pos {
            None => {
                self.textures.insert(id, Texture::new(image, delta.options));
            }
            Some([x, y]) => {
                if let Some(texture) = self.textures.get_mut(&id) {
                    texture.write(image, x, y);
                }
            }
        }
    }
}

/// A texture of premultiplied colours.
struct Texture {
    width: usize,
    height: usize,
    pixels: Vec<Color32>,
    linear: bool,
    repeat: bool,
}

impl Texture {
    fn new(image: &egui::ColorImage, options: egui::TextureOptions) -> Self {
        Self {
            width: image.width(),
            height: image.height(),
            pixels: image.pixels.clone(),
            linear: options.magnification == TextureFilter::Linear,
            repeat: options.wrap_mode != TextureWrapMode::ClampToEdge,
        }
    }

    fn write(&mut self, image: &egui::ColorImage, x: usize, y: usize) {
        for (row, pixels) in image.pixels.chunks_exact(image.width()).enumerate() {
            let start = (y + row) * self.width + x;
            self.pixels[start..start + pixels.len()].copy_from_slice(pixels);
        }
    }

    fn at(&self, x: i64, y: i64) -> [u32; 4] {
        let place = |v: i64, n: usize| {
            let n = n as i64;
            (if self.repeat { v.rem_euclid(n) } else { v.clamp(0, n - 1) }) as usize
        };
        self.pixels[place(y, self.height) * self.width + place(x, self.width)].to_array().map(u32::from)
    }

    /// The colour at texture coordinates `0.0..=1.0`.
    fn sample(&self, u: f64, v: f64) -> [u32; 4] {
        let (x, y) = (u * self.width as f64, v * self.height as f64);
        if !self.linear {
            return self.at(x.floor() as i64, y.floor() as i64);
        }
        // Weights in 1/256, so that the mean is exact in integers.
        let (x, y) = (((x - 0.5) * 256.0).floor() as i64, ((y - 0.5) * 256.0).floor() as i64);
        let (fx, fy) = (x.rem_euclid(256) as u32, y.rem_euclid(256) as u32);
        let (x, y) = (x.div_euclid(256), y.div_euclid(256));
        let (a, b, c, d) = (self.at(x, y), self.at(x + 1, y), self.at(x, y + 1), self.at(x + 1, y + 1));
        std::array::from_fn(|k| {
            let top = a[k] * (256 - fx) + b[k] * fx;
            let bottom = c[k] * (256 - fx) + d[k] * fx;
            (top * (256 - fy) + bottom * fy + (1 << 15)) >> 16
        })
    }
}

/// A half-open rectangle of pixels.
#[derive(Clone, Copy)]
struct Clip {
    x0: i64,
    y0: i64,
    x1: i64,
    y1: i64,
}

/// The picture in the making, opaque.
struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 4]>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![[0, 0, 0, 255]; width * height] }
    }

    fn into_image(self) -> Option<image::RgbaImage> {
        image::RgbaImage::from_raw(self.width as u32, self.height as u32, self.pixels.into_flattened())
    }

    fn clip(&self, rect: egui::Rect, scale: f32) -> Clip {
        let edge = |v: f32, most: usize| ((v * scale).round() as i64).clamp(0, most as i64);
        Clip {
            x0: edge(rect.min.x, self.width),
            y0: edge(rect.min.y, self.height),
            x1: edge(rect.max.x, self.width),
            y1: edge(rect.max.y, self.height),
        }
    }

    fn draw(&mut self, mesh: &Mesh, texture: &Texture, clip: Clip, scale: f64) {
        for indices in mesh.triangles() {
            let corners = indices.map(|i| &mesh.vertices[i as usize]);
            if let Some(triangle) = Triangle::new(corners, scale) {
                let paint = Paint::new(&triangle, texture);
                triangle.spans(clip, |y, x0, x1| {
                    let row = &mut self.pixels[y as usize * self.width..][x0 as usize..x1 as usize];
                    paint.fill(row, x0, y);
                });
            }
        }
    }
}

/// A triangle that turns clockwise on the screen, in 1/256 of a pixel.
struct Triangle<'a> {
    corners: [&'a Vertex; 3],
    at: [[i64; 2]; 3],
    /// Twice its area.
    area: i64,
}

/// Twice the signed area of `a b q`.
fn cross(a: [i64; 2], b: [i64; 2], q: [i64; 2]) -> i64 {
    (b[0] - a[0]) * (q[1] - a[1]) - (b[1] - a[1]) * (q[0] - a[0])
}

impl<'a> Triangle<'a> {
    /// `None` without an area.
    fn new(mut corners: [&'a Vertex; 3], scale: f64) -> Option<Self> {
        let fixed = |v: f32| (f64::from(v) * scale * SUBPIXELS).round() as i64;
        let mut at = corners.map(|c| [fixed(c.pos.x), fixed(c.pos.y)]);
        let mut area = cross(at[0], at[1], at[2]);
        if area < 0 {
            corners.swap(1, 2);
            at.swap(1, 2);
            area = -area;
        }
        (area > 0).then_some(Self { corners, at, area })
    }

    /// Calls `fill(y, x0, x1)` for each row of pixels whose centres it covers.
    fn spans(&self, clip: Clip, mut fill: impl FnMut(i64, i64, i64)) {
        let top = self.at.iter().map(|p| p[1]).min().unwrap_or(0).div_euclid(256).max(clip.y0);
        let bottom = (self.at.iter().map(|p| p[1]).max().unwrap_or(0).div_euclid(256) + 1).min(clip.y1);
        for y in top..bottom {
            let (mut x0, mut x1) = (clip.x0, clip.x1);
            for (a, b) in [(0, 1), (1, 2), (2, 0)] {
                let (a, b) = (self.at[a], self.at[b]);
                // A pixel on a shared edge belongs to the triangle whose top or left edge it is.
                let owned = b[1] < a[1] || (b[1] == a[1] && b[0] > a[0]);
                let first = cross(a, b, [128, y * 256 + 128]) - i64::from(!owned);
                let step = -(b[1] - a[1]) * 256;
                match step.cmp(&0) {
                    std::cmp::Ordering::Greater => x0 = x0.max(-first.div_euclid(step)),
                    std::cmp::Ordering::Less => x1 = x1.min(first.div_euclid(-step) + 1),
                    std::cmp::Ordering::Equal if first < 0 => x1 = x0,
                    std::cmp::Ordering::Equal => {}
                }
            }
            if x0 < x1 {
                fill(y, x0, x1);
            }
        }
    }

    /// `value + dx * x + dy * y` through three corner values, at the centre of pixel `(x, y)`.
    fn plane(&self, values: [f64; 3]) -> [f64; 3] {
        let [a, b, c] = self.at.map(|p| p.map(|v| v as f64 / SUBPIXELS));
        let area = self.area as f64 / (SUBPIXELS * SUBPIXELS);
        let (v1, v2) = (values[1] - values[0], values[2] - values[0]);
        let dx = (v1 * (c[1] - a[1]) - v2 * (b[1] - a[1])) / area;
        let dy = (v2 * (b[0] - a[0]) - v1 * (c[0] - a[0])) / area;
        [values[0] + dx * (0.5 - a[0]) + dy * (0.5 - a[1]), dx, dy]
    }
}

/// What a triangle is filled with.
enum Paint<'a> {
    Flat([u32; 4]),
    Varying {
        texture: &'a Texture,
        uv: [[f64; 3]; 2],
        color: [[f64; 3]; 4],
        flat_uv: Option<[u32; 4]>,
        flat_color: bool,
    },
}

/// `a * b / 255`, rounded.
fn scaled(a: u32, b: u32) -> u32 {
    (a * b + 127) / 255
}

impl<'a> Paint<'a> {
    fn new(triangle: &Triangle<'_>, texture: &'a Texture) -> Self {
        let [a, b, c] = triangle.corners;
        let flat_uv = (a.uv == b.uv && b.uv == c.uv).then(|| texture.sample(a.uv.x.into(), a.uv.y.into()));
        let flat_color = a.color == b.color && b.color == c.color;
        if let (Some(texel), true) = (flat_uv, flat_color) {
            let color = a.color.to_array();
            return Self::Flat(std::array::from_fn(|k| scaled(texel[k], color[k].into())));
        }
        let corner = |f: &dyn Fn(&Vertex) -> f64| triangle.plane(triangle.corners.map(f));
        Self::Varying {
            texture,
            uv: [corner(&|v| v.uv.x.into()), corner(&|v| v.uv.y.into())],
            color: std::array::from_fn(|k| corner(&|v| v.color.to_array()[k].into())),
            flat_uv,
            flat_color,
        }
    }

    /// Blends over the pixels of row `y` from column `x0` on.
    fn fill(&self, row: &mut [[u8; 4]], x0: i64, y: i64) {
        match self {
            Self::Flat(source) if source[3] == 255 => row.fill(source.map(|v| v as u8)),
            Self::Flat(source) => row.iter_mut().for_each(|pixel| blend(pixel, *source)),
            Self::Varying { texture, uv, color, flat_uv, flat_color } => {
                let at = |plane: &[f64; 3], x: f64| plane[0] + plane[1] * x + plane[2] * y as f64;
                let tint = |x: f64| color.each_ref().map(|plane| at(plane, x).round().clamp(0.0, 255.0) as u32);
                let one_tint = tint(x0 as f64);
                for (i, pixel) in row.iter_mut().enumerate() {
                    let x = (x0 + i as i64) as f64;
                    let texel = flat_uv.unwrap_or_else(|| texture.sample(at(&uv[0], x), at(&uv[1], x)));
                    let tint = if *flat_color { one_tint } else { tint(x) };
                    blend(pixel, std::array::from_fn(|k| scaled(texel[k], tint[k])));
                }
            }
        }
    }
}

/// Lays a premultiplied colour over an opaque pixel.
fn blend(pixel: &mut [u8; 4], source: [u32; 4]) {
    if source[3] == 0 && source[0] == 0 && source[1] == 0 && source[2] == 0 {
        return;
    }
    for (below, above) in pixel.iter_mut().zip(source) {
        *below = (above + scaled(u32::from(*below), 255 - source[3])).min(255) as u8;
    }
}
