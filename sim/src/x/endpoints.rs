//! The endpoints: what X answers to a judged request, and what that changes in the world.

mod oauth;
mod user;

use std::collections::HashMap;

use super::{
    AccessLevel, ProblemHost, State,
    answers::{self, Answer, AnswerBody},
    judge::{Asked, Holder, Judged, Signed},
    log::{DELETE_PATTERN, Refusal, pattern_of},
    world::{AppPermission, AppState},
};

/// The length of a rate-limit window.
const WINDOW_SECONDS: i64 = 15 * 60;

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Endpoint {
    UsersMe,
    BearerToken,
    RequestToken,
    Authorize,
    AccessToken,
    VerifyCredentials,
    InvalidateToken,
    CreatePost,
    DeletePost,
    PostsOfUser,
    UploadMedia,
    Unknown,
}

impl Endpoint {
    pub(crate) fn of(method: &str, path: &str) -> Self {
        match (method, path) {
            ("GET", "/2/users/me") => Self::UsersMe,
            ("POST", "/oauth2/token") => Self::BearerToken,
            ("POST", "/oauth/request_token") => Self::RequestToken,
            ("GET" | "POST", "/oauth/authorize") => Self::Authorize,
            ("POST", "/oauth/access_token") => Self::AccessToken,
            ("GET", "/1.1/account/verify_credentials.json") => Self::VerifyCredentials,
            ("POST", "/1.1/oauth/invalidate_token.json") => Self::InvalidateToken,
            ("POST", "/2/tweets") => Self::CreatePost,
            ("POST", path) if path.starts_with("/2/media/upload") => Self::UploadMedia,
            ("GET", path) if user::posts_path(path).is_some() => Self::PostsOfUser,
            ("DELETE", path) if pattern_of(path) == DELETE_PATTERN => Self::DeletePost,
            _ => Self::Unknown,
        }
    }

    fn is_v2(&self) -> bool {
        matches!(
            self,
            Self::UsersMe
                | Self::CreatePost
                | Self::DeletePost
                | Self::PostsOfUser
                | Self::UploadMedia
        )
    }

    fn is_write(&self) -> bool {
        matches!(
            self,
            Self::CreatePost | Self::DeletePost | Self::UploadMedia
        )
    }

    /// Calls per window and user, where documented.
    fn limit(&self) -> Option<i64> {
        match self {
            Self::UsersMe | Self::VerifyCredentials => Some(75),
            Self::CreatePost => Some(100),
            Self::DeletePost => Some(50),
            Self::PostsOfUser => Some(900),
            Self::BearerToken
            | Self::RequestToken
            | Self::Authorize
            | Self::AccessToken
            | Self::InvalidateToken
            | Self::UploadMedia
            | Self::Unknown => None,
        }
    }
}

/// How often each user called each endpoint in the present window.
#[derive(Default)]
pub(crate) struct Rates(HashMap<(Endpoint, usize), Window>);

struct Window {
    reset: i64,
    used: i64,
}

/// What the `x-rate-limit-*` headers say.
struct Rate {
    limit: i64,
    remaining: i64,
    reset: i64,
}

impl Rates {
    /// Counts a call; whether it is over the limit, and the headers.
    fn count(&mut self, now: i64, endpoint: &Endpoint, user: usize) -> Option<(bool, Rate)> {
        let limit = endpoint.limit()?;
        let window = self
            .0
            .entry((endpoint.clone(), user))
            .or_insert(Window { reset: 0, used: 0 });
        if window.reset <= now {
            *window = Window {
                reset: now + WINDOW_SECONDS,
                used: 0,
            };
        }
        window.used += 1;
        let rate = Rate {
            limit,
            remaining: (limit - window.used).max(0),
            reset: window.reset,
        };
        Some((window.used > limit, rate))
    }
}

/// The whole genuine answer, common headers included; the date is the server's to write.
pub(crate) fn respond(
    state: &mut State,
    now: i64,
    endpoint: &Endpoint,
    asked: &Asked,
    judged: &Judged,
) -> Answer {
    let answer = match judged {
        Judged::Open => open(state, endpoint, asked),
        Judged::Refused(refusal) => refused(endpoint, *refusal),
        Judged::Bearer => match endpoint {
            Endpoint::VerifyCredentials | Endpoint::InvalidateToken => answers::code(220),
            _ if endpoint.is_v2() => answers::app_only_forbidden(),
            _ => answers::code(215),
        },
        Judged::UnknownBearer => match endpoint {
            Endpoint::VerifyCredentials | Endpoint::InvalidateToken => answers::code(89),
            _ if endpoint.is_v2() => answers::unauthorized(),
            _ => answers::code(215),
        },
        Judged::KeyPair(app) => oauth::bearer_token(state, *app, asked),
        Judged::Signed(signed) => {
            if let Some(holder) = signed.holder {
                for_user(state, now, endpoint, asked, signed, holder)
            } else if matches!(endpoint, Endpoint::RequestToken) {
                oauth::request_token(state, signed, asked)
            } else {
                oauth::access_token(state, signed, asked)
            }
        }
    };
    dress(state, endpoint, answer)
}

fn open(state: &mut State, endpoint: &Endpoint, asked: &Asked) -> Answer {
    if matches!(endpoint, Endpoint::Authorize) {
        oauth::authorize_page(state, asked)
    } else {
        Answer::empty(404)
    }
}

fn refused(endpoint: &Endpoint, refusal: Refusal) -> Answer {
    let header_is_bad = matches!(
        refusal,
        Refusal::Unsigned | Refusal::Malformed | Refusal::OtherScheme
    );
    match endpoint {
        Endpoint::BearerToken => answers::key_pair_refused(),
        _ if endpoint.is_v2() && header_is_bad => answers::unsupported_authentication(),
        _ if endpoint.is_v2() => answers::unauthorized(),
        // The wording of X's plain-text answers to a spent or unknown request token is modelled.
        Endpoint::AccessToken if refusal == Refusal::UnknownToken => {
            Answer::text(401, "Invalid request token.")
        }
        _ => answers::code(match refusal {
            Refusal::Unsigned | Refusal::Malformed | Refusal::OtherScheme => 215,
            Refusal::UnknownToken | Refusal::TokenOfAnotherApp => 89,
            Refusal::ClockOff(_) => 135,
            Refusal::UnknownKey
            | Refusal::BadSignature
            | Refusal::NonceReused
            | Refusal::BadKeyPair => 32,
        }),
    }
}

/// The headers that X puts on everything, and the host its problem types are given under.
fn dress(state: &mut State, endpoint: &Endpoint, mut answer: Answer) -> Answer {
    let settings = &state.settings;
    let host = match settings.problem_host {
        ProblemHost::AsObserved => None,
        ProblemHost::Twitter => Some(("https://api.x.com/2/", "https://api.twitter.com/2/")),
        ProblemHost::X => Some(("https://api.twitter.com/2/", "https://api.x.com/2/")),
    };
    if let (Some((from, to)), AnswerBody::Bytes(bytes)) = (host, &mut answer.body)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        *bytes = text
            .replace(&format!("{from}problems/"), &format!("{to}problems/"))
            .into_bytes();
    }
    let guest = state.noise.snowflake();
    let cookie = state.noise.cookie();
    if endpoint.is_v2() {
        answer = answer.header("api-version", "2.168");
    }
    answer
        .header("perf", "7402827104")
        .header("server", "cloudflare envoy")
        .header("cache-control", "no-cache, no-store, max-age=0")
        .header("strict-transport-security", "max-age=631138519; includeSubdomains")
        .header(
            "set-cookie",
            &format!("guest_id=v1%3A{guest}; Max-Age=34214400; Path=/; Domain=.x.com; Secure; SameSite=None"),
        )
        .header(
            "set-cookie",
            &format!("__cf_bm={cookie}; path=/; HttpOnly; Secure; SameSite=None"),
        )
}

/// The endpoints that need an access token: what stands in the way first, then the call itself.
fn for_user(
    state: &mut State,
    now: i64,
    endpoint: &Endpoint,
    asked: &Asked,
    signed: &Signed,
    holder: Holder,
) -> Answer {
    let counted = state.rates.count(now, endpoint, holder.user);
    let limited = match &counted {
        Some((true, _)) if state.settings.enforce_rate_limits => Some(answers::too_many_requests()),
        _ => None,
    };
    let obstacle = limited.or_else(|| {
        if endpoint.is_v2() {
            user::v2_obstacle(state, now, endpoint, signed, holder)
        } else {
            user::v1_obstacle(state, endpoint, signed, holder)
        }
    });
    let mut answer = match obstacle {
        Some(answer) => answer,
        None => match endpoint {
            Endpoint::UsersMe => user::users_me(state, holder),
            Endpoint::VerifyCredentials => user::verify_credentials(state, holder),
            Endpoint::InvalidateToken => user::invalidate_token(state, signed),
            Endpoint::CreatePost => user::create_post(state, holder, asked),
            Endpoint::DeletePost => user::delete_post(state, holder, asked),
            Endpoint::PostsOfUser => user::posts_of_user(state, asked),
            Endpoint::UploadMedia => user::upload_media(asked),
            Endpoint::BearerToken
            | Endpoint::RequestToken
            | Endpoint::Authorize
            | Endpoint::AccessToken
            | Endpoint::Unknown => Answer::empty(404),
        },
    };
    if let Some((_, rate)) = counted {
        answer = with_rate(state, now, signed, answer, &rate);
    }
    // Seen on successes, and on the 403 to a write with a read-only token.
    let read_only = endpoint.is_write() && holder.permission == AppPermission::Read;
    if answer.status < 300 || (answer.status == 403 && read_only) {
        match &state.settings.access_level {
            AccessLevel::OfToken => {
                answer = answer.header("x-access-level", holder.permission.access_level());
            }
            AccessLevel::Off => {}
            AccessLevel::Text(text) => answer = answer.header("x-access-level", text),
        }
    }
    answer
}

fn with_rate(state: &State, now: i64, signed: &Signed, answer: Answer, rate: &Rate) -> Answer {
    let (mut remaining, mut reset) = (rate.remaining, rate.reset);
    if answer.status == 429 {
        remaining = 0;
        let app = &state.world.apps[signed.app];
        for state in [&app.state, &app.write_state] {
            if let AppState::RateLimited { until, .. } = state
                && *until > now
            {
                reset = *until;
            }
        }
    }
    answer
        .header("x-rate-limit-limit", &rate.limit.to_string())
        .header("x-rate-limit-remaining", &remaining.to_string())
        .header("x-rate-limit-reset", &reset.to_string())
}
