//! From what the store says to an answer. `spec/redeem.md` section 4.

use portward::Timestamp;
use serde::{Deserialize, Serialize};

use crate::action::{Carrier, Peek, Redeem, Renew};
use crate::answer::Answer;
use crate::cookie;
use crate::links::{Peeked, Redeemed};
use crate::page::Shown;
use crate::refusal::{Reason, Refusal};
use crate::rules::Rules;

/// The JSON of a peeked link.
#[derive(Serialize, Deserialize)]
pub(crate) struct PeekedJson {
    pub(crate) nonce: String,
    pub(crate) expires_at: u64,
}

/// The JSON of a session.
#[derive(Serialize, Deserialize)]
pub(crate) struct SessionJson {
    pub(crate) session: String,
    pub(crate) expires_at: u64,
}

impl Rules {
    /// The answer to a peek.
    pub fn answer_peek(&self, peek: &Peek, outcome: Result<Peeked, Reason>) -> Answer {
        peek.look.at(match outcome {
            // Else the page would show nothing but this refusal until the cookie ends.
            Err(reason) if peek.form && reason.refusal != Refusal::Unavailable => {
                self.refusal(peek.look, reason).with("set-cookie", cookie::take_link())
            }
            Err(reason) => self.refusal(peek.look, reason),
            Ok(Peeked { nonce, expires_at, cookie }) => {
                let answer = if peek.form {
                    Answer::page(200, self.page.policy(), self.page.html(Shown::Form(&nonce)))
                } else {
                    Answer::json(200, &PeekedJson { nonce, expires_at: expires_at.unix() })
                };
                answer.with("set-cookie", cookie::set_peek(&cookie))
            }
        })
    }

    /// The answer to a redemption.
    pub fn answer_redeem(&self, redeem: &Redeem, outcome: Result<Redeemed, Reason>, now: Timestamp) -> Answer {
        match outcome {
            Err(reason) => self.refusal(redeem.look, reason),
            Ok(redeemed) => {
                let answer = if redeem.json {
                    session_json(redeemed)
                } else {
                    Answer::new(303)
                        .with("location", format!("{}/", self.path))
                        .with("set-cookie", session_cookie(&redeemed, now))
                };
                answer.with("set-cookie", cookie::take_link()).with("set-cookie", cookie::take_peek())
            }
        }
    }

    /// The answer to a renewal.
    pub fn answer_renew(&self, renew: &Renew, outcome: Result<Redeemed, Reason>, now: Timestamp) -> Answer {
        match (outcome, renew.carrier) {
            (Err(reason), _) => self.refusal(renew.look, reason),
            (Ok(renewed), Carrier::Bearer) => session_json(renewed),
            (Ok(renewed), Carrier::Cookie) => Answer::new(204).with("set-cookie", session_cookie(&renewed, now)),
        }
    }
}

fn session_json(redeemed: Redeemed) -> Answer {
    let Redeemed { session, expires_at } = redeemed;
    Answer::json(200, &SessionJson { session, expires_at: expires_at.unix() })
}

fn session_cookie(redeemed: &Redeemed, now: Timestamp) -> String {
    cookie::set_session(&redeemed.session, redeemed.expires_at.saturating_since(now))
}
