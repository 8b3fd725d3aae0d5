//! client

pub mod queue;
pub mod runtime;
