//! The legs of the PIN flow that the bot makes (RFC 5849 §2.1 and §2.3): one call each, never repeated here.

use tracing::info;

use super::{
    client::XClient,
    judge,
    oauth1::Signatory,
    response::{Answer, Reply},
};
use crate::domain::{
    account::XAccount,
    credentials::{ClientCredentials, TokenCredentials},
    pin::{TemporaryCredentials, Verifier},
    verdict::Verdict,
};

/// What came of the PIN.
#[derive(Debug)]
pub(crate) enum Exchange {
    /// X gave out a token pair.
    Granted(Granted),
    /// It did not; the PIN is as good as before, if X did not get as far as judging it.
    Refused(Verdict),
    /// No answer, or half of one: X may have taken the PIN.
    Lost,
}

/// A token pair, and whose it is.
#[derive(Debug)]
pub(crate) struct Granted {
    /// The pair.
    pub token: TokenCredentials,
    /// Who authorised.
    pub account: XAccount,
}

impl XClient {
    /// Asks for temporary credentials, and with that whether X knows the key pair.
    pub(crate) async fn temporary_credentials(
        &self,
        client: &ClientCredentials,
    ) -> Result<TemporaryCredentials, Verdict> {
        let reply = self.request_token(client).await;
        let given = given(&reply, |answer| {
            let confirmed = answer.form("oauth_callback_confirmed")?;
            (confirmed.expose() == "true").then_some(())?;
            Some(TemporaryCredentials {
                token: answer.form("oauth_token")?,
                secret: answer.form("oauth_token_secret")?,
            })
        });
        let given = given.ok_or_else(|| judge::no_request_token(&reply));
        let code = given.as_ref().err().map_or("granted", Verdict::code);
        info!(target: "addx::x", { x.verdict = code }, "X was asked for temporary credentials");
        given
    }

    /// Exchanges a PIN for a token pair.
    pub(crate) async fn exchange_pin(
        &self,
        client: &ClientCredentials,
        temporary: TemporaryCredentials,
        verifier: &Verifier,
    ) -> Exchange {
        let temporary = TokenCredentials {
            token: temporary.token,
            secret: temporary.secret,
        };
        let user = Signatory::user(client, &temporary);
        let reply = self.access_token(user, verifier).await;
        let granted = given(&reply, |answer| {
            Some(Granted {
                token: TokenCredentials {
                    token: answer.form("oauth_token")?,
                    secret: answer.form("oauth_token_secret")?,
                },
                account: answer.authorized_account()?,
            })
        });
        let exchange = match (granted, &reply) {
            (Some(granted), _) => Exchange::Granted(granted),
            (None, Err(why)) if why.is_before_sending() => Exchange::Refused(Verdict::XUnavailable),
            (None, Err(_)) => Exchange::Lost,
            (None, Ok(answer)) if answer.status == 200 || answer.status >= 500 => Exchange::Lost,
            (None, Ok(_)) => Exchange::Refused(judge::no_access_token(&reply)),
        };
        let code = match &exchange {
            Exchange::Granted(_) => "granted",
            Exchange::Refused(verdict) => verdict.code(),
            Exchange::Lost => "lost",
        };
        info!(target: "addx::x", { x.verdict = code }, "X was given a PIN");
        exchange
    }
}

/// What a 200 carries.
fn given<T>(reply: &Reply, read: impl FnOnce(&Answer) -> Option<T>) -> Option<T> {
    match reply {
        Ok(answer) if answer.status == 200 => read(answer),
        Ok(_) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::credentials::Secret,
        support::{clock::Clock, random::Random},
        x::fake::{Act, CODE_32, CODE_135, CODE_416, DATE, Server, client_credentials, now, say},
    };

    const REQUEST: &str = "/oauth/request_token";
    const ACCESS: &str = "/oauth/access_token";
    const GRANTED: &str = "oauth_token=12-abc&oauth_token_secret=def&user_id=12&screen_name=seed";

    fn client(server: &Server) -> XClient {
        let clock = Clock::manual(now());
        XClient::new(server.url.clone(), clock, Random::seeded(7)).unwrap()
    }

    async fn request(act: Act) -> Result<TemporaryCredentials, Verdict> {
        let server = Server::play(&[(REQUEST, act)]);
        let client = client(&server);
        client.temporary_credentials(&client_credentials()).await
    }

    async fn exchange(act: Act) -> (Exchange, Vec<String>) {
        let server = Server::play(&[(ACCESS, act)]);
        let temporary = TemporaryCredentials {
            token: Secret::new("request-token".to_owned()),
            secret: Secret::new("request-secret".to_owned()),
        };
        let verifier = Verifier(Secret::new("1234567".to_owned()));
        let key = client_credentials();
        let exchanged = client(&server)
            .exchange_pin(&key, temporary, &verifier)
            .await;
        (exchanged, server.seen())
    }

    #[tokio::test]
    async fn temporary_credentials_are_taken_only_if_x_confirms_the_callback() {
        let body = "oauth_token=a&oauth_token_secret=b&oauth_callback_confirmed=true";
        let given = request(say(200, &[], body)).await.unwrap();
        assert_eq!((given.token.expose(), given.secret.expose()), ("a", "b"));
        for body in [
            "oauth_token=a&oauth_token_secret=b&oauth_callback_confirmed=false",
            "oauth_token=a&oauth_token_secret=b",
            "oauth_token=&oauth_token_secret=b&oauth_callback_confirmed=true",
        ] {
            let verdict = request(say(200, &[], body)).await.unwrap_err();
            assert_eq!(verdict.code(), "unexpected", "{body}");
        }
    }

    #[tokio::test]
    async fn every_refusal_of_a_request_token_has_its_verdict() {
        let json = |code| format!(r#"{{"errors":[{{"code":{code},"message":"m"}}]}}"#);
        let xml = "<?xml version=\"1.0\"?><hash><error>Desktop applications only support the oauth_callback value 'oob'</error></hash>";
        for (status, body, code) in [
            (403, json(415).as_str(), "callback_not_set"),
            (
                403,
                "<errors><error code=\"415\">Callback URL not approved</error></errors>",
                "callback_not_set",
            ),
            (401, xml, "callback_not_set"),
            (401, CODE_32, "api_key_pair_rejected"),
            (401, CODE_416, "app_suspended"),
            (401, CODE_135, "clock_skew"),
            (429, "{}", "rate_limited"),
            (503, "<html></html>", "x_unavailable"),
            (200, "", "x_unavailable"),
            (404, "{}", "unexpected"),
        ] {
            let verdict = request(say(status, &[DATE], body)).await.unwrap_err();
            assert_eq!(verdict.code(), code, "{status} {body}");
        }
        let behind = ("date", "Sat, 30 May 2026 09:30:30 GMT");
        let verdict = request(say(401, &[behind], CODE_32)).await.unwrap_err();
        assert_eq!(
            verdict,
            Verdict::ClockSkew {
                seconds: Some(-1800)
            }
        );
    }

    #[tokio::test]
    async fn a_pin_is_exchanged_in_a_signed_header_and_names_the_account() {
        let (exchanged, seen) = exchange(say(200, &[], GRANTED)).await;
        let Exchange::Granted(granted) = exchanged else {
            panic!("{exchanged:?}");
        };
        assert_eq!(granted.account.username.0, "seed");
        assert_eq!(granted.account.id.0, 12);
        assert_eq!(granted.token.token.expose(), "12-abc");
        assert!(seen[0].contains("oauth_verifier=\"1234567\""));
        assert!(seen[0].contains("oauth_token=\"request-token\""));
        assert!(!seen[0].contains("request-secret"));
    }

    #[tokio::test]
    async fn a_refusal_of_the_pin_is_told_from_an_answer_that_was_lost() {
        for (status, body, code) in [
            (
                401,
                "Error processing your OAuth request: Invalid oauth_verifier parameter",
                "pin_rejected",
            ),
            (401, "Invalid request token.", "pin_rejected"),
            (401, CODE_32, "pin_rejected"),
            (401, CODE_416, "app_suspended"),
            (401, CODE_135, "clock_skew"),
            (429, "{}", "rate_limited"),
        ] {
            let (exchanged, _) = exchange(say(status, &[DATE], body)).await;
            let Exchange::Refused(verdict) = exchanged else {
                panic!("{status} {body}: {exchanged:?}");
            };
            assert_eq!(verdict.code(), code, "{status} {body}");
        }
        for (status, body) in [(200, "oauth_token=12-abc"), (200, ""), (503, "{}")] {
            let (exchanged, _) = exchange(say(status, &[], body)).await;
            assert!(matches!(exchanged, Exchange::Lost), "{status} {body}");
        }
        let (exchanged, _) = exchange(Act::Say(String::new())).await;
        assert!(matches!(exchanged, Exchange::Lost));
    }

    #[test]
    fn the_link_forces_a_login_and_fills_in_a_handle_that_is_known() {
        let server = Server::play(&[]);
        let client = client(&server);
        let token = Secret::new("a/b".to_owned());
        let url = client.authorize_url().of(&token, Some("seed"));
        let query = "oauth_token=a%2Fb&force_login=true&screen_name=seed";
        assert_eq!(url.query(), Some(query));
        assert_eq!(url.path(), "/oauth/authorize");
        let url = client.authorize_url().of(&token, None);
        assert_eq!(url.query(), Some("oauth_token=a%2Fb&force_login=true"));
    }
}
