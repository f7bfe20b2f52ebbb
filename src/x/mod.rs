//! The X API: signed requests, one place that reads an answer, and the questions that find out which value is wrong.
//!
//! What X answers is data. Only a client that cannot be built is an error.

mod client;
mod diagnosis;
mod forward;
mod headers;
mod judge;
mod oauth1;
mod posts;
mod problem;
mod response;
mod revocation;
mod temporary;

#[cfg(test)]
mod fake;

pub use client::XClient;
pub(crate) use client::{AuthorizeUrl, ClockDifference, XClientError};
pub(crate) use diagnosis::Look;
pub(crate) use forward::{Forward, Forwarded, NotForwarded};
pub(crate) use judge::Deletion;
pub(crate) use temporary::{Exchange, Granted};
