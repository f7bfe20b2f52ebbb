//! Publishing and deleting a post: one call each, never repeated, and what the answer means.

use reqwest::Method;

use super::{
    client::XClient,
    judge::{self, Deletion},
    oauth1::Signatory,
};
use crate::domain::{
    account::XAccount,
    credentials::{ClientCredentials, TokenCredentials},
    post::{PostId, PostOutcome, PostText},
};

const PATH: &str = "/2/tweets";
/// The fewest that X returns, and what is paid for.
const LOOKED_AT: u8 = 5;

impl XClient {
    /// `POST /2/tweets` (docs.x.com/x-api/posts/create-post), with the values of `whose`.
    pub(crate) async fn publish(
        &self,
        client: &ClientCredentials,
        token: &TokenCredentials,
        whose: Option<&XAccount>,
        text: &PostText,
    ) -> PostOutcome {
        let signatory = Signatory::user(client, token);
        let request = self.signed(Method::POST, PATH, &[], signatory);
        let body = serde_json::json!({ "text": text.as_str() });
        let request = request.map(|request| request.json(&body));
        let reply = self.send(PATH, request).await;
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
        let signatory = Signatory::user(client, token);
        let request = self.signed(Method::GET, &path, &query, signatory);
        let answer = self.send("/2/users/:id/tweets", request).await.ok()?;
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
        let request = self.signed(Method::DELETE, &path, &[], Signatory::user(client, token));
        let reply = self.send("/2/tweets/:id", request).await;
        judge::deleted(&reply)
    }
}
