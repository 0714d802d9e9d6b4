//! The generator of samples.

fn main() {}
