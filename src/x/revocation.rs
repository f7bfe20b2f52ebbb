//! Ending a token at X, and the proof that it has ended: at most two calls.

use tracing::info;

use super::{client::XClient, judge, oauth1::Signatory, response::Reply};
use crate::domain::{
    credentials::{ClientCredentials, TokenCredentials},
    revocation::Revocation,
};

impl XClient {
    /// Revokes a token, and asks X again to see that it is refused.
    pub(crate) async fn revoke(
        &self,
        client: &ClientCredentials,
        token: &TokenCredentials,
    ) -> Revocation {
        let user = Signatory::user(client, token);
        let reply = self.invalidate_token(user).await;
        let revocation = if status(&reply) == Some(200) {
            match status(&self.users_me(user).await) {
                Some(401) => Revocation::Proven,
                _ => Revocation::Unproven,
            }
        } else {
            judge::not_revoked(&reply)
        };
        info!(target: "addx::x", { x.revocation = revocation.code() }, "X was asked to revoke a token");
        revocation
    }
}

fn status(reply: &Reply) -> Option<u16> {
    reply.as_ref().ok().map(|answer| answer.status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        support::{clock::Clock, random::Random},
        x::fake::{
            Act, CODE_32, CODE_89, ME, Server, UNAUTHORIZED, client_credentials, now, say,
            token_credentials,
        },
    };

    const INVALIDATE: &str = "/1.1/oauth/invalidate_token.json";
    const ME_PATH: &str = "/2/users/me";

    async fn revoke(invalidate: Act, me: Act) -> (Revocation, usize) {
        let server = Server::play(&[(INVALIDATE, invalidate), (ME_PATH, me)]);
        let clock = Clock::manual(now());
        let client = XClient::new(server.url.clone(), clock, Random::seeded(7)).unwrap();
        let (key, token) = (client_credentials(), token_credentials());
        let revoked = client.revoke(&key, &token).await;
        (revoked, server.calls().len())
    }

    #[tokio::test]
    async fn a_revocation_counts_as_proven_only_when_x_refuses_the_token() {
        let done = || say(200, &[], r#"{"access_token":"1-a"}"#);
        let refused = || say(401, &[], UNAUTHORIZED);
        for (invalidate, me, wanted) in [
            (done(), refused(), (Revocation::Proven, 2)),
            (done(), say(200, &[], ME), (Revocation::Unproven, 2)),
            (done(), say(503, &[], ""), (Revocation::Unproven, 2)),
            (
                say(401, &[], CODE_89),
                refused(),
                (Revocation::AlreadyEnded, 1),
            ),
            (say(401, &[], CODE_32), refused(), (Revocation::Refused, 1)),
            (say(403, &[], "{}"), refused(), (Revocation::Refused, 1)),
            (say(503, &[], ""), refused(), (Revocation::Unanswered, 1)),
            (
                say(429, &[], "{}"),
                refused(),
                (Revocation::Limited { until: None }, 1),
            ),
            (
                say(429, &[("retry-after", "90")], "{}"),
                refused(),
                (
                    Revocation::Limited {
                        until: Some(now() + chrono::TimeDelta::seconds(90)),
                    },
                    1,
                ),
            ),
            (
                Act::Say(String::new()),
                refused(),
                (Revocation::Unanswered, 1),
            ),
        ] {
            assert_eq!(revoke(invalidate, me).await, wanted);
        }
    }
}
