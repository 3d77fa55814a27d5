//! Portward.
