//! Ending a token at X, and the proof that it has ended: at most two calls.

use tracing::info;

use super::{client::XClient, judge};
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
        let revocation = match self.invalidate_token(client, token).await {
            Ok(answer) if answer.status == 200 => match self.users_me(client, token).await {
                Ok(answer) if answer.status == 401 => Revocation::Proven,
                Ok(_) | Err(_) => Revocation::Unproven,
            },
            Ok(answer) => match judge::is_ended(&answer) {
                Some(true) => Revocation::AlreadyEnded,
                None if answer.status == 429 => Revocation::Limited {
                    until: judge::limited_until(&answer),
                },
                None if answer.status >= 500 => Revocation::Unanswered,
                Some(false) | None => Revocation::Refused,
            },
            Err(_) => Revocation::Unanswered,
        };
        info!(target: "addx::x", { x.revocation = revocation.code() }, "X was asked to revoke a token");
        revocation
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        random::Random,
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
