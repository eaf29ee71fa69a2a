//! camroi
fn main() {}
