//! wa-sim
fn main() {}
