//! The shared and the static library: the C functions of [`wa::ffi`], and nothing else.
//!
//! They are a package of their own because the compiler optimises across crates only what no other Rust program links to;
//! tests and the simulator link to `libwa` itself.

pub use wa::ffi;
