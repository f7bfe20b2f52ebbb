//! One request of a program: who asks, for what, with which account; and X's answer on its way back.

use axum::{
    body::{Body, HttpBody as _},
    http::{
        HeaderMap, HeaderValue, Request,
        header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName},
    },
    response::Response,
};
use hyper::body::Incoming;
use subtle::ConstantTimeEq as _;
use url::form_urlencoded;

use super::{
    Proxy,
    answer::ProxyError,
    body::{CutOff, Fate, LIMIT, Limited},
    limits::Kind,
    quota::{Held, Turn},
};
use crate::{
    domain::{
        account::AccountId,
        audit::{Act, Actor, Event},
        client::{ApiPath, ClientName, Rule, TokenHash},
    },
    linking::Keys,
    store::StoreError,
    x::{Forward, Forwarded, NotForwarded},
};

/// Of X's answer these stay here: they are about the connection, or cookies that X gives to whoever asks.
const KEPT_BACK: [&str; 11] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "set-cookie",
    "strict-transport-security",
];

/// Where a request goes: `/x/{account id}/2/…`.
struct Target {
    account: Option<AccountId>,
    path: Option<ApiPath>,
}

impl Target {
    fn of(path: &str) -> Self {
        let (account, path) = path
            .strip_prefix("/x/")
            .and_then(|rest| rest.find('/').map(|at| rest.split_at(at)))
            .unwrap_or_default();
        Self {
            account: account.parse().ok(),
            path: ApiPath::parse(path),
        }
    }
}

/// A request that may be sent to X.
struct Admitted {
    program: ClientName,
    owner: i64,
    account: AccountId,
    path: ApiPath,
    /// What it is, for everybody to read: the rule that allows it names no post and no person.
    rule: Rule,
    turn: Turn,
}

impl Proxy {
    /// Does what a program asks for, or says why not.
    pub(super) async fn forward(&self, request: Request<Incoming>) -> Result<Response, ProxyError> {
        let started = std::time::Instant::now();
        let admitted = match self.admit(&request).await {
            Ok(admitted) => admitted,
            Err(refusal) => {
                let code = refusal.code();
                tracing::debug!(
                    http.status = refusal.status(),
                    code,
                    "a program was turned away"
                );
                self.0.metrics.client_refused(code);
                return Err(refusal);
            }
        };
        let answered = self.ask_x(&admitted, request).await;
        let status = match &answered {
            Ok(reply) => reply.status().as_u16(),
            Err(refusal) => refusal.status(),
        };
        tracing::info!(
            client = %admitted.program,
            account = %admitted.account,
            request = %admitted.rule,
            http.status = status,
            elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "a program used an account"
        );
        let turn = admitted.turn;
        answered.map(|reply| reply.map(|body| Body::new(Held { body, _turn: turn })))
    }

    /// Who asks, and whether they may. Whatever shows that might be a token, the same question goes to the database.
    async fn admit(&self, request: &Request<Incoming>) -> Result<Admitted, ProxyError> {
        let target = Target::of(request.uri().path());
        let shown = bearer(request.headers()).and_then(TokenHash::of_shown);
        let shown = shown.ok_or(ProxyError::Unauthorized)?;
        let entrance = {
            let _turn = self.0.entrance.acquire().await;
            self.0.linker.enter(&shown, target.account).await
        };
        let entrance = entrance.map_err(|error| failed(&error))?;
        let entrance = entrance
            .filter(|entrance| bool::from(entrance.token.0.ct_eq(&shown.0)))
            .ok_or(ProxyError::Unauthorized)?;
        let quotas = &self.0.quotas;
        let turn = quotas.begin(&entrance.client, self.0.linker.now());
        let turn = turn.ok_or(ProxyError::ClientLimit)?;
        let (Some(owner), Some(account)) = (entrance.owner, target.account) else {
            return Err(ProxyError::UnknownAccount);
        };
        let path = target.path.ok_or(ProxyError::NotAllowed)?;
        let method = request.method().as_str();
        let mut rules = entrance.client.allowed.into_iter();
        let rule = rules.find(|rule| rule.allows(method, &path));
        let rule = rule.ok_or(ProxyError::NotAllowed)?;
        if !self.0.linker.people.admit(owner, entrance.standing) {
            return Err(ProxyError::OwnerShutOut);
        }
        Ok(Admitted {
            rule,
            turn,
            program: entrance.client.name,
            owner,
            account,
            path,
        })
    }

    #[tracing::instrument(
        name = "program",
        skip_all,
        fields(client = %admitted.program, account = %admitted.account, request = %admitted.rule)
    )]
    async fn ask_x(
        &self,
        admitted: &Admitted,
        request: Request<Incoming>,
    ) -> Result<Response, ProxyError> {
        let (head, body) = request.into_parts();
        let query = query(head.uri.query().unwrap_or_default()).ok_or(ProxyError::BadQuery)?;
        let content_type = head.headers.get(CONTENT_TYPE).cloned();
        if content_type.as_ref().is_some_and(is_form) {
            return Err(ProxyError::FormBody);
        }
        if body.size_hint().lower() > LIMIT {
            return Err(ProxyError::TooLarge);
        }
        let keys = self.keys(admitted, head.method.is_safe()).await?;
        let app = self.0.linker.app_mark(&keys);
        let kind: Kind = (admitted.account, app, admitted.rule.clone());
        if let Some((until, headers)) = self.0.limits.holds(&kind, self.0.linker.now()) {
            return Err(ProxyError::RateLimited(until, Box::new(headers)));
        }
        if !self.0.uses.note(admitted.act()).await {
            return Err(ProxyError::Failed);
        }
        let fate = Fate::default();
        let has_body = !body.is_end_stream();
        let forward = Forward {
            method: head.method,
            path: admitted.path.clone(),
            query,
            content_type,
            accept: head.headers.get(ACCEPT).cloned(),
            body: has_body.then(|| Limited::new(body, fate.clone())),
        };
        let Keys { client, token, .. } = &keys;
        let forwarded = self.0.x.forward(client, token, forward).await;
        match forwarded {
            Ok(forwarded) => Ok(self.back(admitted, kind, forwarded).await),
            Err(why) => Err(unanswered(&fate, why)),
        }
    }

    /// The values of an account that X accepts, as far as is known.
    async fn keys(&self, admitted: &Admitted, only_reads: bool) -> Result<Keys, ProxyError> {
        let keys = self.0.linker.keys(admitted.owner, admitted.account).await;
        let keys = keys.map_err(|error| failed(&error))?;
        let keys = keys.ok_or(ProxyError::UnknownAccount)?;
        match keys.obstacle(only_reads) {
            Some(code) => Err(ProxyError::NotConnected(code)),
            None => Ok(keys),
        }
    }

    /// Takes from X's answer what is to be known here, and what does not belong to the program.
    async fn back(&self, admitted: &Admitted, kind: Kind, forwarded: Forwarded) -> Response {
        let Forwarded {
            mut response,
            suspect,
            limited_until,
        } = forwarded;
        let status = response.status().as_u16();
        if let Some(until) = limited_until {
            let now = self.0.linker.now();
            self.0.limits.note(kind, until, response.headers(), now);
        }
        if suspect {
            let (account, program) = (admitted.account, &admitted.program);
            let suspected = self.0.linker.suspect(account, program, status).await;
            if let Err(error) = suspected {
                tracing::error!(%error, "a refusal could not be noted");
            }
        }
        let headers = response.headers_mut();
        let named: Vec<HeaderName> = headers
            .get_all(CONNECTION)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|name| name.trim().parse().ok())
            .filter(|name| *name != CONTENT_LENGTH && *name != CONTENT_TYPE)
            .collect();
        for name in named {
            headers.remove(name);
        }
        for name in KEPT_BACK {
            headers.remove(name);
        }
        response.map(Body::new)
    }
}

impl Admitted {
    fn act(&self) -> Act {
        Act {
            owner: self.owner,
            actor: Actor::Program,
            event: Event::Use,
            account: Some(self.account),
            detail: format!("{}: {}", self.program, self.rule),
        }
    }
}

/// Why there is no answer of X's. X does nothing with a body of which it was not given the end.
fn unanswered(fate: &Fate, why: NotForwarded) -> ProxyError {
    match (fate.get(), why) {
        (Some(CutOff::TooLarge), _) => ProxyError::TooLarge,
        (Some(CutOff::Half), _) => ProxyError::HalfBody,
        (Some(CutOff::Slow), _) => ProxyError::SlowBody,
        (None, NotForwarded::NotSent) => ProxyError::NotSent,
        (None, NotForwarded::Unknown) => ProxyError::Unknown,
    }
}

fn failed(error: &StoreError) -> ProxyError {
    tracing::error!(%error, "a program's request could not be looked up");
    ProxyError::Failed
}

/// The token in `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The parameters of a query, decoded; `None` if one would end up among those of the signature.
fn query(text: &str) -> Option<Vec<(String, String)>> {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect();
    let of_signature = pairs.iter().any(|(name, _)| name.starts_with("oauth_"));
    (!of_signature).then_some(pairs)
}

fn is_form(content_type: &HeaderValue) -> bool {
    let text = content_type.to_str().unwrap_or_default();
    let kind = text.split(';').next().unwrap_or_default();
    kind.trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
