//! What X answers: every body of the documented and the observed errors, as they are on the wire.

use serde_json::Value;

/// One whole HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers in order; a `date` given here replaces that of the simulator's clock.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: AnswerBody,
}

/// The body of an [`Answer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerBody {
    /// These bytes.
    Bytes(Vec<u8>),
    /// That many bytes of spaces, streamed without a `Content-Length`.
    Huge(u64),
    /// These bytes under a `Content-Length` that promises more; then the connection breaks.
    Cut(Vec<u8>),
}

impl From<&str> for AnswerBody {
    fn from(text: &str) -> Self {
        Self::Bytes(text.as_bytes().to_vec())
    }
}

impl From<String> for AnswerBody {
    fn from(text: String) -> Self {
        Self::Bytes(text.into_bytes())
    }
}

impl From<Vec<u8>> for AnswerBody {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl Answer {
    /// An answer with a content type.
    #[must_use]
    pub fn new(status: u16, content_type: &str, body: impl Into<AnswerBody>) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.into(),
        }
    }

    /// JSON, or what claims to be.
    #[must_use]
    pub fn json(status: u16, body: impl Into<AnswerBody>) -> Self {
        Self::new(status, "application/json; charset=utf-8", body)
    }

    /// HTML, as a gateway gives it.
    #[must_use]
    pub fn html(status: u16, body: impl Into<AnswerBody>) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    /// XML.
    #[must_use]
    pub fn xml(status: u16, body: impl Into<AnswerBody>) -> Self {
        Self::new(status, "application/xml; charset=utf-8", body)
    }

    /// Plain text, under the `text/html` that `/oauth/*` gives it.
    #[must_use]
    pub fn text(status: u16, body: impl Into<AnswerBody>) -> Self {
        Self::new(status, "text/html;charset=utf-8", body)
    }

    /// No body and no content type.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: AnswerBody::Bytes(Vec::new()),
        }
    }

    /// A 302 to elsewhere, which a client must not follow with its credentials.
    #[must_use]
    pub fn redirect(location: &str) -> Self {
        Self::empty(302).header("location", location)
    }

    /// A 200 that claims to be JSON and streams `bytes` bytes of spaces.
    #[must_use]
    pub fn huge(bytes: u64) -> Self {
        Self::json(200, AnswerBody::Huge(bytes))
    }

    /// A 200 whose JSON stops in the middle, in an intact HTTP answer.
    #[must_use]
    pub fn truncated_json() -> Self {
        Self::json(200, r#"{"data":{"id":"224499"#)
    }

    /// A 200 whose connection breaks in the middle of the body.
    #[must_use]
    pub fn cut_body() -> Self {
        Self::json(200, AnswerBody::Cut(br#"{"data":{"id":"224499"#.to_vec()))
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A string as JSON, quotes included.
pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn problem(status: u16, body: impl Into<AnswerBody>) -> Answer {
    Answer::new(status, "application/problem+json", body)
}

/// E1: any wrong key, secret or token.
#[must_use]
pub fn unauthorized() -> Answer {
    problem(
        401,
        r#"{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}"#,
    )
}

/// E2: the Authorization header is missing or mangled.
#[must_use]
pub fn unsupported_authentication() -> Answer {
    authenticating_with("Unknown")
}

/// E3: an app-only bearer token where a user must be.
#[must_use]
pub fn app_only_forbidden() -> Answer {
    authenticating_with("OAuth 2.0 Application-Only")
}

fn authenticating_with(kind: &str) -> Answer {
    problem(
        403,
        format!(
            r#"{{"title":"Unsupported Authentication","detail":"Authenticating with {kind} is forbidden for this endpoint.  Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context].","type":"https://api.twitter.com/2/problems/unsupported-authentication","status":403}}"#
        ),
    )
}

/// E4: the token is read-only and a write was tried.
#[must_use]
pub fn oauth1_permissions() -> Answer {
    problem(
        403,
        r#"{"detail":"Your client app is not configured with the appropriate oauth1 app permissions for this endpoint.","status":403,"title":"Forbidden","type":"https://api.x.com/2/problems/oauth1-permissions"}"#,
    )
}

/// E5: the app is in no Project, or in the wrong package or environment.
#[must_use]
pub fn client_not_enrolled(app_id: u64) -> Answer {
    Answer::json(
        403,
        format!(
            r#"{{"client_id":"{app_id}","detail":"When authenticating requests to the Twitter API v2 endpoints, you must use keys and tokens from a Twitter developer App that is attached to a Project. You can create a project via the developer portal.","registration_url":"https://developer.twitter.com/en/docs/projects/overview","title":"Client Forbidden","required_enrollment":"Appropriate Level of API Access","reason":"client-not-enrolled","type":"https://api.twitter.com/2/problems/client-forbidden"}}"#
        ),
    )
}

/// E6: the authorising user has no paid developer account.
#[must_use]
pub fn user_not_enrolled() -> Answer {
    Answer::json(
        403,
        r#"{"type":"https://api.x.com/2/problems/client-forbidden","title":"Client Forbidden","detail":"This request is billed to the authenticated user. Create a developer account at the Developer Console and enroll it in Pay-per-use.","reason":"user-not-enrolled","registration_url":"https://console.x.com","required_enrollment":"Pay-per-use"}"#,
    )
}

/// E7: no credits. The account id is a bare number.
#[must_use]
pub fn credits_depleted(account_id: u64) -> Answer {
    Answer::json(
        402,
        format!(
            r#"{{"account_id":{account_id},"title":"CreditsDepleted","detail":"Your enrolled account [{account_id}] does not have any credits to fulfill this request.","type":"https://api.twitter.com/2/problems/credits"}}"#
        ),
    )
}

/// E8: the spending limit of the billing cycle is reached. `reset_date` reads `2026-07-10`.
#[must_use]
pub fn spend_cap_reached(account_id: u64, reset_date: &str) -> Answer {
    Answer::json(
        403,
        format!(
            r#"{{"account_id":{account_id},"title":"SpendCapReached","detail":"Your enrolled account [{account_id}] has reached its billing cycle spend cap. API requests will be blocked until the next cycle begins on {reset_date}.","reset_date":"{reset_date}","type":"https://api.twitter.com/2/problems/credits"}}"#
        ),
    )
}

/// E9: the rate limit, as a problem.
#[must_use]
pub fn too_many_requests() -> Answer {
    problem(
        429,
        r#"{"title":"Too Many Requests","detail":"Too Many Requests","type":"about:blank","status":429}"#,
    )
}

/// E9 in the older form: code 88.
#[must_use]
pub fn rate_limit_exceeded() -> Answer {
    code(88)
}

/// E10: the cap of an older plan. `period` is `Daily` or `Monthly`, `scope` is `Account` or `Product`.
#[must_use]
pub fn usage_capped(account_id: u64, period: &str, scope: &str) -> Answer {
    Answer::json(
        429,
        format!(
            r#"{{"account_id":{account_id},"product_name":"standard-basic","title":"UsageCapExceeded","period":"{period}","scope":"{scope}","detail":"Usage cap exceeded: {period} {} cap","type":"https://api.twitter.com/2/problems/usage-capped"}}"#,
            scope.to_lowercase()
        ),
    )
}

/// E11: the user is suspended.
#[must_use]
pub fn user_suspended() -> Answer {
    problem(
        403,
        r#"{"detail":"The user used for authentication is suspended","title":"Forbidden","status":403,"type":"https://api.twitter.com/2/problems/user-suspended"}"#,
    )
}

/// The sibling of E11 for an app. Only its type is reported; the detail is modelled on E11.
#[must_use]
pub fn app_suspended() -> Answer {
    problem(
        403,
        r#"{"detail":"The app used for authentication is suspended","title":"Forbidden","status":403,"type":"https://api.twitter.com/2/problems/app-suspended"}"#,
    )
}

/// E12: the user is locked; v1.1-shaped also on v2.
#[must_use]
pub fn account_locked() -> Answer {
    Answer::json(
        403,
        r#"{"errors":[{"code":326,"message":"To protect our users from spam and other malicious activity, this account is temporarily locked. Please log in to https://twitter.com to unlock your account.","sub_error_code":0,"bounce_location":"https://twitter.com/account/access"}]}"#,
    )
}

/// E13: the same text again.
#[must_use]
pub fn duplicate_content() -> Answer {
    blank_forbidden("You are not allowed to create a Tweet with duplicate content.")
}

/// E14: refused without a reason.
#[must_use]
pub fn not_permitted() -> Answer {
    blank_forbidden("You are not permitted to perform this action.")
}

/// E16: not your post.
#[must_use]
pub fn not_your_post() -> Answer {
    blank_forbidden("You are not authorized to delete this Tweet.")
}

fn blank_forbidden(detail: &str) -> Answer {
    problem(
        403,
        format!(r#"{{"detail":"{detail}","type":"about:blank","title":"Forbidden","status":403}}"#),
    )
}

/// E15: the text is too long. The detail is documented, the fields around it follow E13.
#[must_use]
pub fn text_too_long() -> Answer {
    problem(
        400,
        r#"{"detail":"Your Tweet text is too long. For more information on how Twitter determines text length see https://github.com/twitter/twitter-text.","type":"about:blank","title":"Bad Request","status":400}"#,
    )
}

/// A body that the schema refuses: `InvalidRequestProblem` of X's specification.
#[must_use]
pub fn invalid_request(message: &str) -> Answer {
    problem(
        400,
        format!(
            r#"{{"errors":[{{"parameters":{{}},"message":{}}}],"title":"Invalid Request","detail":"One or more parameters to your request was invalid.","type":"https://api.twitter.com/2/problems/invalid-request"}}"#,
            quoted(message)
        ),
    )
}

/// E17: down, with a page instead of JSON.
#[must_use]
pub fn unavailable() -> Answer {
    Answer::html(
        503,
        "<html>\n<head><title>503 Service Temporarily Unavailable</title></head>\n<body>\n<center><h1>503 Service Temporarily Unavailable</h1></center>\n</body>\n</html>\n",
    )
}

/// A v1.1 error with the status and message of X's table; an unknown code is a 400 with the message `Unknown`.
#[must_use]
pub fn code(code: u16) -> Answer {
    let (status, message) = match code {
        32 | 135 => (401, "Could not authenticate you."),
        64 => (
            403,
            "Your account is suspended and is not permitted to access this feature.",
        ),
        88 => (429, "Rate limit exceeded"),
        89 => (401, "Invalid or expired token."),
        99 => (403, "Unable to verify your credentials."),
        185 => (403, "User is over daily status update limit."),
        186 => (403, "Tweet needs to be a bit shorter."),
        187 => (403, "Status is a duplicate."),
        215 => (400, "Bad Authentication data."),
        220 => (
            403,
            "Your credentials do not allow access to this resource.",
        ),
        226 => (
            403,
            "This request looks like it might be automated. To protect our users from spam and other malicious activity, we can't complete this action right now.",
        ),
        261 => (403, "Your App cannot perform write actions."),
        326 => return account_locked(),
        415 => (
            403,
            "Callback URL not approved for this client application. Approved callback URLs can be adjusted in your application settings.",
        ),
        416 => (401, "Invalid / suspended application."),
        417 => (
            401,
            "Desktop applications only support the oauth_callback value 'oob'",
        ),
        453 => (
            403,
            "You currently have access to a subset of X API V2 endpoints and limited v1.1 endpoints (e.g. media post, oauth) only. If you need access to this endpoint, you may need a different access level. You can learn more here: https://developer.x.com/en/portal/product",
        ),
        _ => (400, "Unknown"),
    };
    Answer::json(
        status,
        format!(
            r#"{{"errors":[{{"code":{code},"message":{}}}]}}"#,
            quoted(message)
        ),
    )
}

/// 415 as XML.
#[must_use]
pub fn callback_not_approved_xml() -> Answer {
    Answer::xml(
        403,
        r#"<?xml version="1.0" encoding="UTF-8"?><errors><error code="415">Callback URL not approved for this client application. Approved callback URLs can be adjusted in your application settings</error></errors>"#,
    )
}

/// 417 as its real body, which is XML.
#[must_use]
pub fn callback_missing_xml() -> Answer {
    Answer::xml(
        401,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hash>\n  <error>Desktop applications only support the oauth_callback value 'oob'</error>\n  <request>/oauth/request_token</request>\n</hash>",
    )
}

/// What `/oauth2/token` says to a wrong pair, to a malformed request, and to one call too many alike.
#[must_use]
pub fn key_pair_refused() -> Answer {
    Answer::json(
        403,
        r#"{"errors":[{"code":99,"label":"authenticity_token_error","message":"Unable to verify your credentials"}]}"#,
    )
}

/// `/oauth2/token` without a `grant_type`. Only the message is documented.
#[must_use]
pub fn missing_grant_type() -> Answer {
    Answer::json(
        403,
        r#"{"errors":[{"code":170,"label":"forbidden_missing_parameter","message":"Missing required parameter: grant_type"}]}"#,
    )
}
