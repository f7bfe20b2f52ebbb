//! Publishing and deleting a post: one call each, never repeated, and what the answer means.

use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderValue},
};

use super::{
    client::XClient,
    judge,
    oauth1::{Signatory, Stamp, authorization},
    response::Reply,
};
use crate::domain::{
    account::XAccount,
    credentials::{ClientCredentials, TokenCredentials},
    post::{PostId, PostOutcome, PostText},
};

const PATH: &str = "/2/tweets";

/// What became of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It is gone.
    Done,
    /// It may be tried again, not before this time if X named one.
    Later(Option<chrono::DateTime<chrono::Utc>>),
    /// X refuses it; the HTTP status.
    Refused(u16),
}

impl XClient {
    /// `POST /2/tweets` (docs.x.com/x-api/posts/create-post), with the values of `whose`.
    pub async fn publish(
        &self,
        client: &ClientCredentials,
        token: &TokenCredentials,
        whose: Option<&XAccount>,
        text: &PostText,
    ) -> PostOutcome {
        let body = serde_json::json!({ "text": text.as_str() }).to_string();
        let reply = self
            .call(client, token, Method::POST, PATH, PATH, Some(body))
            .await;
        judge::published(&reply, whose)
    }

    /// `DELETE /2/tweets/:id` (docs.x.com/x-api/posts/delete-post).
    pub async fn delete_post(
        &self,
        client: &ClientCredentials,
        token: &TokenCredentials,
        post: &PostId,
    ) -> Deletion {
        let path = format!("{PATH}/{post}");
        let reply = self
            .call(client, token, Method::DELETE, &path, "/2/tweets/:id", None)
            .await;
        judge::deleted(&reply)
    }

    async fn call(
        &self,
        client: &ClientCredentials,
        token: &TokenCredentials,
        method: Method,
        path: &str,
        named: &'static str,
        body: Option<String>,
    ) -> Reply {
        let signatory = Signatory {
            client,
            token: Some(token),
        };
        let url = self.url(path);
        let request = Stamp::fresh(&self.clock, &self.random).and_then(|stamp| {
            let header = authorization(signatory, &stamp, &method, &url, &[])?;
            let mut request = reqwest::Request::new(method, url);
            let headers = request.headers_mut();
            headers.insert(reqwest::header::AUTHORIZATION, header);
            if let Some(body) = body {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                *request.body_mut() = Some(body.into());
            }
            Some(request)
        });
        self.send(named, request).await
    }
}
