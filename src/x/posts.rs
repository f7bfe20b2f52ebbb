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
/// The fewest that X returns, and what is paid for.
const LOOKED_AT: u8 = 5;

struct Call<'a> {
    method: Method,
    path: &'a str,
    /// For the log and the metrics.
    named: &'static str,
    query: &'a [(String, String)],
    body: Option<String>,
}

/// What became of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletion {
    /// It is gone.
    Done,
    /// It may be tried again, not before this time if X named one.
    Later(Option<chrono::DateTime<chrono::Utc>>),
    /// X refuses it; the HTTP status.
    Refused(u16),
}

impl XClient {
    /// `POST /2/tweets` (docs.x.com/x-api/posts/create-post), with the values of `whose`.
    pub(crate) async fn publish(
        &self,
        client: &ClientCredentials,
        token: &TokenCredentials,
        whose: Option<&XAccount>,
        text: &PostText,
    ) -> PostOutcome {
        let body = serde_json::json!({ "text": text.as_str() }).to_string();
        let call = Call {
            method: Method::POST,
            path: PATH,
            named: PATH,
            query: &[],
            body: Some(body),
        };
        let reply = self.call(client, token, call).await;
        judge::published(&reply, whose)
    }

    /// The post with this text among the last five of `whose`: `GET /2/users/:id/tweets`
    /// (docs.x.com/x-api/users/get-posts). X charges for each post that it returns.
    pub(crate) async fn find_post(
        &self,
        client: &ClientCredentials,
        token: &TokenCredentials,
        whose: &XAccount,
        text: &PostText,
    ) -> Option<PostId> {
        let path = format!("/2/users/{}/tweets", whose.id);
        let query = [("max_results".to_owned(), LOOKED_AT.to_string())];
        let call = Call {
            method: Method::GET,
            path: &path,
            named: "/2/users/:id/tweets",
            query: &query,
            body: None,
        };
        let answer = self.call(client, token, call).await.ok()?;
        if answer.status != 200 {
            return None;
        }
        let posts = answer.posts().into_iter();
        let mut same = posts.filter(|(_, found)| found == text.as_str());
        same.next().map(|(post, _)| post)
    }

    /// `DELETE /2/tweets/:id` (docs.x.com/x-api/posts/delete-post).
    pub(crate) async fn delete_post(
        &self,
        client: &ClientCredentials,
        token: &TokenCredentials,
        post: &PostId,
    ) -> Deletion {
        let path = format!("{PATH}/{post}");
        let call = Call {
            method: Method::DELETE,
            path: &path,
            named: "/2/tweets/:id",
            query: &[],
            body: None,
        };
        let reply = self.call(client, token, call).await;
        judge::deleted(&reply)
    }

    async fn call(
        &self,
        client: &ClientCredentials,
        token: &TokenCredentials,
        call: Call<'_>,
    ) -> Reply {
        let Call {
            method,
            path,
            named,
            query,
            body,
        } = call;
        let signatory = Signatory {
            client,
            token: Some(token),
        };
        let mut url = self.url(path);
        let request = Stamp::fresh(&self.clock, &self.random).and_then(|stamp| {
            let header = authorization(signatory, &stamp, &method, &url, query)?;
            if !query.is_empty() {
                url.query_pairs_mut().extend_pairs(query);
            }
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
