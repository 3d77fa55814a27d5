//! Every code that reaches another language, and what it is about, in a file that the packages are tested against. A code that is new, or is of
//! something else now, is no longer what stands there.

#[cfg(feature = "backend")]
mod backend;
#[cfg(feature = "holder")]
mod holder;
#[cfg(any(feature = "backend", feature = "holder"))]
mod listing;
#[cfg(feature = "backend")]
mod told;
