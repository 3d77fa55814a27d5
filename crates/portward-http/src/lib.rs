#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]

mod accept;
mod action;
mod answer;
mod client;
mod cookie;
#[cfg(feature = "axum")]
mod layer;
mod links;
mod origin;
mod outcome;
mod page;
mod read;
mod refusal;
mod request;
mod request_error;
mod rules;
#[cfg(feature = "store")]
mod store;

pub use action::{Action, Carrier, Peek, Redeem, Renew};
pub use answer::Answer;
pub use client::{Client, ClientError, ClientRequest};
pub use cookie::{LINK_COOKIE, PEEK_COOKIE, SESSION_COOKIE};
#[cfg(feature = "axum")]
pub use layer::{Denied, Portal, PortalOptions, Require, Required, Session};
pub use links::{Links, Peeked, Redeemed};
pub use page::PageOptions;
pub use refusal::{Reason, Refusal};
pub use request::{BODY_MAX, Request};
pub use request_error::RequestError;
pub use rules::{Rules, RulesError, RulesOptions};
