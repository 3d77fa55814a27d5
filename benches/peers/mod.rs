//! The peers, each with the same facts in its token.

#![allow(dead_code, reason = "one benchmark issues, the other verifies too")]

pub mod biscuits;
pub mod jwt;
pub mod macaroons;
pub mod pasetos;
