//! The floor: a client that makes the calls of the bot's conversations with reqwest and tokio, and nothing else. It
//! checks nothing, encrypts nothing and writes nothing to disk; what it must remember is in memory.
//!
//! Its texts are fixed ones about as long as the bot's. It confirms updates by the next `getUpdates`, as the bot does.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use reqwest_oauth1::{OAuthClientProvider as _, OAuthParameters, Secrets};
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// As the bot's: the longest that Telegram may hold `getUpdates` open.
const POLL_SECONDS: u32 = 10;
/// As teloxide's.
const CALL_LIMIT: Duration = Duration::from_secs(17);

/// What a card says below its step.
const CARD: &str = "<b>API Key</b>\nX also calls it Consumer Key, API Key or OAuth 1.0 Key.\n\n\
    console.x.com → your app → <b>Keys &amp; Tokens</b> → OAuth 1.0 Keys\n\n\
    Send it here as one message. I delete your message at once and keep the value encrypted; nobody sees it again, \
    and you can erase it at any time with /unlink.";
const KEY_PAIR: &str = "\n✅ X accepts this API key pair.\n";
const VERDICT: &str = "✅ <b>main</b> is connected as @seedling\n\nIt may read and write. It can publish.\n\n\
    <code>connected</code>";

/// Makes calls. Cheap to clone.
#[derive(Clone)]
struct Floor {
    http: reqwest::Client,
    telegram: Arc<str>,
    x: Arc<str>,
    chats: Arc<std::sync::Mutex<HashMap<i64, Arc<Mutex<Chat>>>>>,
}

/// All there is to know of a conversation.
#[derive(Default)]
struct Chat {
    card: Option<i64>,
    values: Vec<String>,
    /// X has answered about the key pair.
    checked: bool,
}

/// Answers updates until it is killed.
pub(crate) async fn serve() -> anyhow::Result<()> {
    let env = |name| std::env::var(name).with_context(|| format!("{name} is not set"));
    let floor = Floor {
        http: reqwest::Client::builder()
            .timeout(CALL_LIMIT)
            .no_proxy()
            .build()?,
        telegram: format!("{}/bot{}", env("TELOXIDE_API_URL")?, env("TELOXIDE_TOKEN")?).into(),
        x: env("X_API_URL")?.into(),
        chats: Arc::default(),
    };
    let mut offset = 0;
    loop {
        let asked = json!({
            "offset": offset,
            "limit": 100,
            "timeout": POLL_SECONDS,
            "allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member"],
        });
        let updates = floor.call("getUpdates", &asked).await?;
        for update in updates.as_array().into_iter().flatten() {
            offset = update["update_id"].as_i64().context("no update_id")? + 1;
            let floor = floor.clone();
            let message = update["message"].clone();
            // What fails is seen by whoever waits for the answer.
            tokio::spawn(async move { floor.answer(&message).await });
        }
    }
}

impl Floor {
    async fn answer(&self, message: &Value) -> anyhow::Result<()> {
        let id = message["chat"]["id"].as_i64().context("no chat")?;
        let text = message["text"].as_str().context("no text")?;
        let chat = {
            let mut chats = self.chats.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(chats.entry(id).or_default())
        };
        if text.starts_with('/') {
            let mut chat = chat.lock().await;
            return self.draw(id, &mut chat).await;
        }
        let doomed = json!({"chat_id": id, "message_id": message["message_id"]});
        self.call("deleteMessage", &doomed).await?;
        let mut open = chat.lock().await;
        open.values.push(text.to_owned());
        self.draw(id, &mut open).await?;
        match open.values.as_slice() {
            [key, secret] => {
                let (key, secret) = (key.clone(), secret.clone());
                // The user goes on meanwhile.
                drop(open);
                self.ask_about_key_pair(&key, &secret).await?;
                let mut open = chat.lock().await;
                open.checked = true;
                self.draw(id, &mut open).await
            }
            [key, secret, token, token_secret] => {
                let secrets = Secrets::new(key.as_str(), secret.as_str())
                    .token(token.as_str(), token_secret.as_str());
                self.ask_who_it_is(secrets).await?;
                let buttons = [button("Check again"), button("Accounts")];
                self.call("sendMessage", &message_json(id, VERDICT, &buttons))
                    .await?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Shows the step, in the card that is there or a new one.
    async fn draw(&self, id: i64, chat: &mut Chat) -> anyhow::Result<()> {
        let step = chat.values.len() + 1;
        let text = if step > 4 {
            "🔑 <b>main</b>: all four values are here. I ask X about them now.".to_owned()
        } else {
            let mark = if chat.checked { KEY_PAIR } else { "" };
            format!("🔑 <b>main</b> · Step {step} of 4\n{mark}\n{CARD}")
        };
        let buttons = [button("Guide"), button("Back"), button("Cancel")];
        let mut call = message_json(id, &text, &buttons);
        if let Some(card) = chat.card {
            call["message_id"] = card.into();
            self.call("editMessageText", &call).await?;
        } else {
            let sent = self.call("sendMessage", &call).await?;
            chat.card = sent["message_id"].as_i64();
        }
        Ok(())
    }

    async fn call(&self, method: &str, parameters: &Value) -> anyhow::Result<Value> {
        let url = format!("{}/{method}", self.telegram);
        let answer = self.http.post(url).json(parameters).send().await?;
        let mut answer: Value = answer.error_for_status()?.json().await?;
        Ok(answer["result"].take())
    }

    async fn ask_about_key_pair(&self, key: &str, secret: &str) -> anyhow::Result<()> {
        let url = format!("{}/oauth2/token", self.x);
        let answer = self
            .http
            .post(url)
            .basic_auth(key, Some(secret))
            .header(
                reqwest::header::CONTENT_TYPE,
                "application/x-www-form-urlencoded;charset=UTF-8",
            )
            .body("grant_type=client_credentials")
            .send()
            .await?;
        answer.error_for_status()?.json::<Value>().await?;
        Ok(())
    }

    async fn ask_who_it_is(&self, secrets: Secrets<'_>) -> anyhow::Result<()> {
        let answer = self
            .http
            .clone()
            .oauth1_with_params(secrets, OAuthParameters::new().version(true))
            .get(format!("{}/2/users/me", self.x))
            .send()
            .await?;
        answer.error_for_status()?.json::<Value>().await?;
        Ok(())
    }
}

fn button(label: &str) -> Value {
    json!({"text": label, "callback_data": format!("v1:{label}:00000000:1")})
}

fn message_json(chat: i64, html: &str, buttons: &[Value]) -> Value {
    json!({
        "chat_id": chat,
        "text": html,
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": true},
        "reply_markup": {"inline_keyboard": [buttons]},
    })
}
