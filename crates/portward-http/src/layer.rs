//! The rules for axum.

mod portal;
mod require;
mod session;

pub use portal::{Portal, PortalOptions};
pub use require::{Require, Required};
pub use session::{Denied, Session};
