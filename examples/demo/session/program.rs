//! A program that publishes through the signing proxy, as curl would.

use std::net::SocketAddr;

use addx::testing::domain::{account::AccountId, credentials::Secret};
use serde_json::json;

/// What a program knows: where to ask, and its token.
pub(super) struct Program {
    http: reqwest::Client,
    url: String,
    token: Secret,
}

impl Program {
    pub(super) fn new(
        proxy: SocketAddr,
        account: AccountId,
        token: Secret,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            http: reqwest::Client::builder().no_proxy().build()?,
            url: format!("http://{proxy}/x/{account}/2/tweets"),
            token,
        })
    }

    /// The line for a terminal.
    pub(super) fn as_curl(&self, text: &str) -> String {
        format!(
            "curl {} \\\n  --header 'Authorization: Bearer {}' \\\n  --json '{}'",
            self.url,
            self.token.expose(),
            json!({ "text": text })
        )
    }

    /// Publishes, and says what came back.
    pub(super) async fn post(&self, text: &str) -> anyhow::Result<String> {
        let response = self
            .http
            .post(&self.url)
            .bearer_auth(self.token.expose())
            .json(&json!({ "text": text }))
            .send()
            .await?;
        let status = response.status();
        Ok(format!("{status}\n{}", response.text().await?))
    }
}
