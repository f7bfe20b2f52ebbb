//! The simulated Telegram over real HTTP: what its bot and its people can rely on.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of tests fail as the tests do"
)]

use std::{sync::Arc, time::Duration};

use addx_sim::telegram::{Fault, FaultKind, Person, TelegramSim};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use teloxide::{
    Bot,
    prelude::Requester,
    types::{AllowedUpdate, MediaKind, MessageKind, Update, UpdateKind},
};

/// A bot that is nothing but a client of the Bot API.
struct Raw {
    client: Client,
    base: String,
}

impl Raw {
    fn new(telegram: &TelegramSim) -> Self {
        let client = Client::builder().no_proxy().build().unwrap();
        Self {
            client,
            base: format!("{}/bot{}", telegram.url(), telegram.token()),
        }
    }

    async fn post(&self, method: &str, params: Value) -> reqwest::Result<Response> {
        self.client
            .post(format!("{}/{method}", self.base))
            .json(&params)
            .send()
            .await
    }

    /// The answer as the whole object.
    async fn call(&self, method: &str, params: Value) -> Value {
        self.post(method, params)
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    async fn ok(&self, method: &str, params: Value) -> Value {
        let answer = self.call(method, params).await;
        assert_eq!(answer["ok"], true, "{answer}");
        answer["result"].clone()
    }

    async fn error(&self, method: &str, params: Value) -> String {
        let answer = self.call(method, params).await;
        assert_eq!(answer["ok"], false, "{answer}");
        answer["description"].as_str().unwrap().to_owned()
    }

    async fn updates(&self, params: Value) -> Vec<u32> {
        let updates = self.ok("getUpdates", params).await;
        updates.as_array().unwrap().iter().map(id_of).collect()
    }

    async fn send(&self, person: &Person, text: &str) -> i32 {
        let message = self
            .ok("sendMessage", json!({"chat_id": person.id(), "text": text}))
            .await;
        i32::try_from(message["message_id"].as_i64().unwrap()).unwrap()
    }
}

fn id_of(update: &Value) -> u32 {
    u32::try_from(update["update_id"].as_u64().unwrap()).unwrap()
}

async fn start() -> (TelegramSim, Arc<Raw>, Person) {
    let telegram = TelegramSim::start().await.unwrap();
    let raw = Arc::new(Raw::new(&telegram));
    let ada = telegram.new_user("Ada", Some("ada"));
    (telegram, raw, ada)
}

fn teloxide_bot(telegram: &TelegramSim) -> Bot {
    let client = Client::builder().no_proxy().build().unwrap();
    Bot::with_client(telegram.token(), client).set_api_url(telegram.url().parse().unwrap())
}

mod updates {
    use super::*;

    #[tokio::test]
    async fn an_update_comes_again_until_an_offset_above_it_confirms_it() {
        let (telegram, raw, ada) = start().await;
        let first = ada.say("one").update_id.unwrap();
        let second = ada.say("two").update_id.unwrap();
        assert_eq!(raw.updates(json!({})).await, [first, second]);
        assert_eq!(raw.updates(json!({"offset": first})).await, [first, second]);
        assert_eq!(
            raw.updates(json!({"offset": first, "limit": 1})).await,
            [first]
        );
        assert_eq!(telegram.pending(), [first, second]);
        assert_eq!(raw.updates(json!({"offset": first + 1})).await, [second]);
        assert_eq!(raw.updates(json!({"offset": 0})).await, [second]);
        assert!(raw.updates(json!({"offset": second + 1})).await.is_empty());
        telegram.wait_idle().await.unwrap();
        assert!(
            telegram.handed_over_at(first).unwrap() <= telegram.handed_over_at(second).unwrap()
        );
    }

    #[tokio::test]
    async fn a_negative_offset_forgets_all_but_the_last() {
        let (telegram, raw, ada) = start().await;
        let ids: Vec<_> = (0..4)
            .map(|n| ada.say(&n.to_string()).update_id.unwrap())
            .collect();
        assert_eq!(raw.updates(json!({"offset": -1})).await, ids[3..]);
        assert_eq!(telegram.pending(), ids[3..]);
    }

    #[tokio::test]
    async fn at_most_a_hundred_updates_come_at_once() {
        let (_telegram, raw, ada) = start().await;
        for n in 0..120 {
            ada.say(&n.to_string());
        }
        assert_eq!(raw.updates(json!({})).await.len(), 100);
        assert_eq!(raw.updates(json!({"limit": 1000})).await.len(), 100);
        assert_eq!(raw.updates(json!({"limit": 0})).await.len(), 1);
    }

    #[tokio::test]
    async fn a_long_poll_wakes_for_a_new_update() {
        let (telegram, raw, ada) = start().await;
        let poll = tokio::spawn(async move { raw.updates(json!({"timeout": 50})).await });
        telegram.wait_polling().await.unwrap();
        let sent = ada.say("hello").update_id.unwrap();
        let got = tokio::time::timeout(Duration::from_secs(5), poll)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(got, [sent]);
    }

    #[tokio::test]
    async fn a_second_poll_ends_the_first_with_a_conflict() {
        let (telegram, raw, ada) = start().await;
        let first = tokio::spawn({
            let raw = Arc::clone(&raw);
            async move { raw.call("getUpdates", json!({"timeout": 50})).await }
        });
        telegram.wait_polling().await.unwrap();
        assert!(raw.updates(json!({})).await.is_empty());
        let answer = first.await.unwrap();
        assert_eq!(answer["error_code"], 409);
        assert_eq!(
            answer["description"],
            "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
        );
        let sent = ada.say("still there").update_id.unwrap();
        assert_eq!(raw.updates(json!({})).await, [sent]);
        assert_eq!(telegram.take_unexpected().len(), 1);
    }

    #[tokio::test]
    async fn only_the_allowed_kinds_are_queued_from_then_on() {
        let (telegram, raw, ada) = start().await;
        let sent = ada.say("before");
        raw.updates(json!({"allowed_updates": ["message"]})).await;
        assert_eq!(ada.edit(sent.message_id, "edited").unwrap().update_id, None);
        assert_eq!(ada.block(), None);
        assert_eq!(telegram.pending(), [sent.update_id.unwrap()]);
        // Remembered when it is left out, all kinds when it is empty.
        raw.updates(json!({})).await;
        assert_eq!(ada.unblock(), None);
        raw.updates(json!({"allowed_updates": "[]"})).await;
        assert!(ada.block().is_some());
    }

    #[tokio::test]
    async fn a_confirmed_update_can_be_delivered_again() {
        let (telegram, raw, ada) = start().await;
        let id = ada.say("again").update_id.unwrap();
        raw.updates(json!({})).await;
        raw.updates(json!({"offset": id + 1})).await;
        assert!(telegram.redeliver(id));
        assert_eq!(raw.updates(json!({"offset": id + 1})).await, [id]);
        assert!(raw.updates(json!({"offset": id + 1})).await.is_empty());
        assert!(!telegram.redeliver(id + 1));
    }

    #[tokio::test]
    async fn raw_updates_arrive_as_they_are_and_twice_if_pushed_twice() {
        let (telegram, raw, _ada) = start().await;
        let hostile = json!({"update_id": 700_000_000, "message": {"message_id": 41, "chat": {"id": 99, "type": "private"}, "date": 1, "text": "x"}});
        assert_eq!(telegram.push_raw(hostile.clone()), 700_000_000);
        telegram.push_raw(hostile.clone());
        let next = telegram.push_raw(json!({"no_such_kind": {"a": 1}}));
        let updates = raw.ok("getUpdates", json!({})).await;
        assert_eq!(
            updates,
            json!([hostile, hostile, {"no_such_kind": {"a": 1}, "update_id": next}])
        );
        assert_eq!(telegram.user(99).chat().messages.len(), 1);
        telegram.expect_error("deleted for everyone");
        raw.error("deleteMessage", json!({"chat_id": 99, "message_id": 41}))
            .await;
        assert!(telegram.take_unexpected().is_empty());
    }
}

mod calls {
    use super::*;

    #[tokio::test]
    async fn wrong_tokens_and_unknown_methods_are_refused_and_reported() {
        let (telegram, raw, _ada) = start().await;
        let wrong = format!("{}/bot42:AAwrong/getMe", telegram.url());
        let answer = raw.client.get(wrong).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(
            body,
            json!({"ok": false, "error_code": 401, "description": "Unauthorized"})
        );
        assert_eq!(raw.call("sendRocket", json!({})).await["error_code"], 404);
        let unexpected = telegram.take_unexpected();
        assert_eq!(unexpected.len(), 2);
        assert_eq!(unexpected[1].method, "sendRocket");
        assert!(telegram.take_unexpected().is_empty());
    }

    #[tokio::test]
    async fn methods_come_in_any_case_by_get_query_form_and_json() {
        let (telegram, raw, ada) = start().await;
        ada.say("/start");
        assert_eq!(
            raw.ok("GETME", json!({})).await["username"],
            telegram.bot_username()
        );
        let query = format!("{}/SendMessage?chat_id={}&text=query", raw.base, ada.id());
        assert!(
            raw.client
                .get(query)
                .send()
                .await
                .unwrap()
                .status()
                .is_success()
        );
        let markup = r#"{"inline_keyboard":[[{"text":"Go","callback_data":"go"}]]}"#;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("chat_id", &ada.id().to_string())
            .append_pair("text", "form")
            .append_pair("reply_markup", markup)
            .finish();
        let request = raw
            .client
            .post(format!("{}/sendmessage", raw.base))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        assert!(request.send().await.unwrap().status().is_success());
        let texts: Vec<_> = ada
            .chat()
            .from_bot()
            .map(|message| message.text.clone())
            .collect();
        assert_eq!(texts, ["query", "form"]);
        assert_eq!(ada.last_bot_message().unwrap().labels(), ["Go"]);
        assert_eq!(telegram.calls_to("sendMessage").len(), 2);
        assert!(
            telegram
                .calls()
                .iter()
                .all(addx_sim::telegram::Call::succeeded)
        );
    }

    #[tokio::test]
    async fn messages_are_checked_as_telegram_checks_them() {
        let (telegram, raw, ada) = start().await;
        let send =
            |text: &str, mode: &str| json!({"chat_id": ada.id(), "text": text, "parse_mode": mode});
        assert_eq!(
            raw.error("sendMessage", send("x", "HTML")).await,
            "Forbidden: bot can't initiate conversation with a user"
        );
        assert_eq!(
            raw.error("sendMessage", json!({"chat_id": 1, "text": "x"}))
                .await,
            "Bad Request: chat not found"
        );
        ada.say("/start");
        assert_eq!(
            raw.error("sendMessage", send(" <b> </b>\n", "HTML")).await,
            "Bad Request: message text is empty"
        );
        assert_eq!(
            raw.error("sendMessage", send("<br>", "HTML")).await,
            "Bad Request: can't parse entities: Unsupported start tag \"br\" at byte offset 0"
        );
        assert_eq!(
            raw.error("sendMessage", send("*x*", "MarkdownV3")).await,
            "Bad Request: unsupported parse_mode"
        );
        let long = format!("<b>{}</b>", "é".repeat(4096));
        raw.ok("sendMessage", send(&long, "HTML")).await;
        let longer = format!("{long}!");
        assert_eq!(
            raw.error("sendMessage", send(&longer, "HTML")).await,
            "Bad Request: message is too long"
        );
        let reply =
            json!({"chat_id": ada.id(), "text": "x", "reply_parameters": {"message_id": 4711}});
        assert_eq!(
            raw.error("sendMessage", reply).await,
            "Bad Request: message to be replied not found"
        );
        assert_eq!(telegram.take_unexpected().len(), 6);

        let message = raw
            .ok("sendMessage", send("<b>a</b> &lt;b&gt;", "HTML"))
            .await;
        assert_eq!(message["text"], "a <b>");
        assert_eq!(
            message["entities"],
            json!([{"type": "bold", "offset": 0, "length": 1}])
        );
        assert_eq!(message["from"]["is_bot"], true);
        let seen = ada.last_bot_message().unwrap();
        assert_eq!(
            (seen.text.as_str(), seen.html.as_str()),
            ("a <b>", "<b>a</b> &lt;b&gt;")
        );
        assert!(telegram.take_unexpected().is_empty());
    }

    #[tokio::test]
    async fn edits_change_the_message_and_must_change_something() {
        let (_telegram, raw, ada) = start().await;
        ada.say("/start");
        let id = raw.send(&ada, "one").await;
        let edit = |text: &str, label: &str| {
            json!({
                "chat_id": ada.id(), "message_id": id, "text": text,
                "reply_markup": {"inline_keyboard": [[{"text": label, "callback_data": "x"}]]},
            })
        };
        let edited = raw.ok("editMessageText", edit("two", "A")).await;
        assert!(edited["edit_date"].is_i64());
        assert_eq!(
            raw.error("editMessageText", edit(" two ", "A")).await,
            "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message"
        );
        raw.ok("editMessageText", edit("two", "B")).await;
        raw.ok(
            "editMessageReplyMarkup",
            json!({"chat_id": ada.id(), "message_id": id}),
        )
        .await;
        assert_eq!(
            raw.error(
                "editMessageText",
                json!({"chat_id": ada.id(), "message_id": 4711, "text": "x"})
            )
            .await,
            "Bad Request: message to edit not found"
        );
        let own = ada.say("mine").message_id;
        assert_eq!(
            raw.error(
                "editMessageText",
                json!({"chat_id": ada.id(), "message_id": own, "text": "x"})
            )
            .await,
            "Bad Request: message can't be edited"
        );
        let force = json!({"chat_id": ada.id(), "message_id": id, "text": "x", "reply_markup": {"force_reply": true}});
        assert_eq!(
            raw.error("editMessageText", force).await,
            "Bad Request: inline keyboard expected"
        );
        let seen = ada.chat().message(id).unwrap().clone();
        assert_eq!(
            (seen.text.as_str(), seen.edits, seen.buttons.len()),
            ("two", 3, 0)
        );
        let shown: Vec<_> = ada
            .history()
            .into_iter()
            .filter(|m| m.id == id)
            .map(|m| (m.text, m.edits))
            .collect();
        let shown: Vec<_> = shown
            .iter()
            .map(|(text, edits)| (text.as_str(), *edits))
            .collect();
        assert_eq!(shown, [("one", 0), ("two", 1), ("two", 2), ("two", 3)]);
    }

    #[tokio::test]
    async fn a_deleted_message_is_gone_but_in_the_history() {
        let (telegram, raw, ada) = start().await;
        let sent = ada.say("my secret");
        let own = raw.send(&ada, "hello").await;
        raw.updates(json!({})).await;
        let delete = |id: i32| json!({"chat_id": ada.id(), "message_id": id});
        assert_eq!(raw.ok("deleteMessage", delete(sent.message_id)).await, true);
        assert_eq!(raw.ok("deleteMessage", delete(own)).await, true);
        ada.wait_deleted(sent.message_id).await.unwrap();
        assert_eq!(
            raw.error("deleteMessage", delete(sent.message_id)).await,
            "Bad Request: message to delete not found"
        );
        assert!(ada.chat().messages.is_empty());
        let history = ada.history();
        assert!(history.iter().all(|message| message.deleted));
        assert_eq!(history.len(), 2);
        assert_eq!(telegram.latencies().len(), 1);
        assert!(telegram.deleted_at(ada.id(), sent.message_id).is_some());
    }

    #[tokio::test]
    async fn messages_older_than_two_days_stay() {
        let (telegram, raw, ada) = start().await;
        let old = ada.say("old").message_id;
        telegram.advance(Duration::from_hours(48));
        let young = ada.say("young").message_id;
        telegram.advance(Duration::from_secs(5));
        assert_eq!(
            raw.error(
                "deleteMessage",
                json!({"chat_id": ada.id(), "message_id": old})
            )
            .await,
            "Bad Request: message can't be deleted for everyone"
        );
        let both = json!({"chat_id": ada.id(), "message_ids": [young, 4711]});
        assert_eq!(raw.ok("deleteMessages", both).await, true);
        assert_eq!(ada.chat().messages.len(), 1);
    }

    #[tokio::test]
    async fn who_blocked_the_bot_gets_nothing_until_unblocking() {
        let (telegram, raw, ada) = start().await;
        ada.say("/start");
        assert!(ada.block().is_some());
        let send = json!({"chat_id": ada.id(), "text": "x"});
        let answer = raw.call("sendMessage", send.clone()).await;
        assert_eq!(
            answer,
            json!({"ok": false, "error_code": 403, "description": "Forbidden: bot was blocked by the user"})
        );
        assert!(telegram.take_unexpected().is_empty());
        // Writing needs unblocking first, and the client does it.
        let before = telegram.pending().len();
        ada.say("back again");
        assert_eq!(telegram.pending().len(), before + 2);
        raw.ok("sendMessage", send.clone()).await;
        ada.deactivate();
        assert_eq!(
            raw.error("sendMessage", send).await,
            "Forbidden: user is deactivated"
        );
    }

    #[tokio::test]
    async fn commands_are_kept_by_scope_and_language() {
        let (telegram, raw, _ada) = start().await;
        let set = |name: &str, language: &str| {
            json!({
                "commands": [{"command": name, "description": "Link an X account"}],
                "scope": {"type": "all_private_chats"}, "language_code": language,
            })
        };
        raw.ok("setMyCommands", set("addx", "")).await;
        raw.ok("setMyCommands", set("addx", "de")).await;
        assert!(
            raw.error("setMyCommands", set("Add X", ""))
                .await
                .contains("BOT_COMMAND_INVALID")
        );
        assert!(
            raw.error("setMyCommands", set("addx", "pt-br"))
                .await
                .contains("language code")
        );
        assert_eq!(
            telegram.commands("all_private_chats", "de"),
            [("addx".to_owned(), "Link an X account".to_owned())]
        );
        raw.ok(
            "deleteMyCommands",
            json!({"scope": {"type": "all_private_chats"}, "language_code": "de"}),
        )
        .await;
        assert!(telegram.commands("all_private_chats", "de").is_empty());
        assert!(telegram.commands("default", "").is_empty());
        assert_eq!(telegram.commands("all_private_chats", "").len(), 1);
    }
}

mod people {
    use super::*;

    #[tokio::test]
    async fn a_tap_reaches_the_bot_and_its_answer_the_person() {
        let (telegram, raw, ada) = start().await;
        ada.say("/start");
        let markup = json!({"inline_keyboard": [
            [{"text": "Cancel", "callback_data": "v1:cancel"}, {"text": "Console", "url": "https://console.x.com"}],
            [{"text": "Copy", "copy_text": {"text": "https://example.com/callback"}}],
        ]});
        let card = raw
            .ok(
                "sendMessage",
                json!({"chat_id": ada.id(), "text": "card", "reply_markup": markup}),
            )
            .await;
        let tapped = ada.press("Cancel").unwrap();
        let updates = raw
            .ok("getUpdates", json!({"offset": tapped.update_id}))
            .await;
        let query = &updates[0]["callback_query"];
        assert_eq!(query["data"], "v1:cancel");
        assert_eq!(query["message"], card);
        assert!(query["chat_instance"].is_string());
        assert_eq!(ada.answer_to(&tapped), None);
        let answer =
            json!({"callback_query_id": query["id"], "text": "Cancelled", "show_alert": true});
        raw.ok("answerCallbackQuery", answer).await;
        let answer = ada.wait_answer(&tapped).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.alert), ("Cancelled", true));

        let message = tapped.message_id;
        assert!(
            ada.tap(message, "Console")
                .unwrap_err()
                .to_string()
                .contains("sends nothing")
        );
        let missing = ada.tap(message, "Back").unwrap_err().to_string();
        assert!(missing.contains("[Cancel] [Console]"), "{missing}");
        assert!(telegram.take_unexpected().is_empty());
    }

    #[tokio::test]
    async fn a_late_or_unknown_answer_to_a_tap_is_refused() {
        let (telegram, raw, ada) = start().await;
        ada.say("/start");
        let id = raw.send(&ada, "no buttons here").await;
        let tapped = ada.tap_data(id, "v1:forged");
        let answer = |id: &str| json!({"callback_query_id": id, "text": "x".repeat(200)});
        raw.ok("answerCallbackQuery", answer(&tapped.query_id.to_string()))
            .await;
        telegram.advance(Duration::from_mins(5));
        for id in [tapped.query_id.to_string(), "1".to_owned(), "x".to_owned()] {
            assert_eq!(
                raw.error("answerCallbackQuery", answer(&id)).await,
                "Bad Request: query is too old and response timeout expired or query ID is invalid"
            );
        }
        let long = json!({"callback_query_id": "1", "text": "x".repeat(201)});
        assert_eq!(
            raw.error("answerCallbackQuery", long).await,
            "Bad Request: MESSAGE_TOO_LONG"
        );
    }

    #[tokio::test]
    async fn an_album_is_a_message_for_each_photo() {
        let (_telegram, raw, ada) = start().await;
        let sent = ada.send_album(3, Some("my keys"));
        let updates = raw.ok("getUpdates", json!({})).await;
        let messages: Vec<_> = updates
            .as_array()
            .unwrap()
            .iter()
            .map(|update| &update["message"])
            .collect();
        assert_eq!(messages.len(), 3);
        assert!(
            messages
                .iter()
                .all(|m| m["media_group_id"] == messages[0]["media_group_id"])
        );
        assert!(messages[0]["media_group_id"].is_string());
        assert_eq!(messages[0]["caption"], "my keys");
        assert_eq!(messages[1].get("caption"), None);
        assert_eq!(messages[2]["message_id"], sent[2].message_id);
    }

    #[tokio::test]
    async fn in_groups_the_bot_sees_and_deletes_only_what_it_may() {
        let (telegram, raw, ada) = start().await;
        let group = telegram.new_group("Club");
        assert_eq!(ada.say_in(&group, "hello all").update_id, None);
        assert_eq!(ada.say_in(&group, "/addx@other_bot").update_id, None);
        assert!(ada.say_in(&group, "/addx@addx_sim_bot").update_id.is_some());
        let sent = ada.say_in(&group, "/addx");
        assert!(sent.update_id.is_some());
        let answer = raw
            .ok(
                "sendMessage",
                json!({"chat_id": group.chat_id(), "text": "In private, please"}),
            )
            .await;
        let own = i32::try_from(answer["message_id"].as_i64().unwrap()).unwrap();
        assert!(ada.reply_in(&group, own, "why?").update_id.is_some());
        let delete = |id: i32| json!({"chat_id": group.chat_id(), "message_id": id});
        assert_eq!(
            raw.error("deleteMessage", delete(sent.message_id)).await,
            "Bad Request: message can't be deleted"
        );
        raw.ok("deleteMessage", delete(own)).await;
        group.set_bot_admin(&ada, true);
        raw.ok("deleteMessage", delete(sent.message_id)).await;
        assert!(ada.say_in(&group, "hello all").update_id.is_some());
        raw.ok("leaveChat", json!({"chat_id": group.chat_id()}))
            .await;
        assert_eq!(
            raw.error(
                "sendMessage",
                json!({"chat_id": group.chat_id(), "text": "x"})
            )
            .await,
            "Forbidden: bot is not a member of the supergroup chat"
        );
    }

    #[tokio::test]
    async fn waits_end_with_the_words_even_when_they_were_overwritten_since() {
        let (_telegram, raw, ada) = start().await;
        ada.say("/verify");
        let id = raw.send(&ada, "Checking…").await;
        raw.ok(
            "editMessageText",
            json!({"chat_id": ada.id(), "message_id": id, "text": "connected"}),
        )
        .await;
        assert_eq!(ada.wait_text("Checking").await.unwrap().edits, 0);
        assert_eq!(ada.wait_text("connected").await.unwrap().edits, 1);
        let chat = ada.wait_for(|chat| chat.shows("connected")).await.unwrap();
        assert_eq!(chat.last_bot_message().unwrap().id, id);
    }

    #[tokio::test]
    async fn a_wait_is_woken_by_the_call_it_waits_for() {
        let (_telegram, raw, ada) = start().await;
        let sent = ada.say("secret");
        let waits = tokio::spawn({
            let ada = ada.clone();
            async move {
                ada.wait_deleted(sent.message_id).await?;
                ada.wait_text("thank you").await
            }
        });
        raw.ok(
            "deleteMessage",
            json!({"chat_id": ada.id(), "message_id": sent.message_id}),
        )
        .await;
        let id = raw.send(&ada, "thank you").await;
        assert_eq!(waits.await.unwrap().unwrap().id, id);
    }

    #[tokio::test]
    async fn a_wait_in_vain_tells_what_was_there_and_old_words_do_not_count() {
        let (telegram, raw, ada) = start().await;
        ada.say("/start");
        raw.send(&ada, "Welcome to addx").await;
        ada.say("/help");
        telegram.set_patience(Duration::from_millis(1));
        let error = ada.wait_text("Welcome").await.unwrap_err();
        let report = format!("{error:?}");
        for part in [
            "the bot to say \"Welcome\"",
            "#2 bot\n    Welcome to addx",
            "#3 person\n    /help",
            "sendMessage(",
        ] {
            assert!(report.contains(part), "{report}");
        }
        assert!(
            telegram
                .wait_idle()
                .await
                .unwrap_err()
                .to_string()
                .contains("610000001")
        );
    }

    #[tokio::test]
    async fn nothing_is_kept_while_recording_is_off() {
        let (telegram, raw, ada) = start().await;
        telegram.record(false);
        let sent = ada.say("secret");
        let id = raw.send(&ada, "one").await;
        raw.updates(json!({})).await;
        raw.ok(
            "editMessageText",
            json!({"chat_id": ada.id(), "message_id": id, "text": "two"}),
        )
        .await;
        raw.ok(
            "deleteMessage",
            json!({"chat_id": ada.id(), "message_id": sent.message_id}),
        )
        .await;
        assert_eq!(ada.history().len(), 1);
        assert_eq!(ada.wait_text("two").await.unwrap().edits, 1);
        assert!(telegram.calls().is_empty());
        assert_eq!(telegram.take_latencies().len(), 1);
        raw.error(
            "deleteMessage",
            json!({"chat_id": ada.id(), "message_id": 4711}),
        )
        .await;
        assert_eq!(telegram.take_unexpected().len(), 1);
    }
}

mod faults {
    use super::*;

    #[tokio::test]
    async fn too_many_requests_say_how_long_and_hold_for_the_chat() {
        let (telegram, raw, ada) = start().await;
        let bob = telegram.new_user("Bob", None);
        ada.say("/start");
        bob.say("/start");
        telegram.add_fault(
            Fault::on(
                "sendMessage",
                FaultKind::TooManyRequests {
                    retry_after: 30,
                    hold: true,
                },
            )
            .once(),
        );
        let answer = raw
            .call("sendMessage", json!({"chat_id": ada.id(), "text": "x"}))
            .await;
        assert_eq!(
            answer,
            json!({
                "ok": false, "error_code": 429, "description": "Too Many Requests: retry after 30",
                "parameters": {"retry_after": 30},
            })
        );
        assert_eq!(
            raw.call("sendMessage", json!({"chat_id": ada.id(), "text": "x"}))
                .await["error_code"],
            429
        );
        raw.send(&bob, "other chats go on").await;
        telegram.clear_faults();
        raw.send(&ada, "x").await;
        assert!(telegram.take_unexpected().is_empty());
    }

    #[tokio::test]
    async fn errors_come_as_telegrams_object_or_as_a_page() {
        let (telegram, raw, _ada) = start().await;
        telegram.add_fault(
            Fault::on(
                "getMe",
                FaultKind::Status {
                    code: 502,
                    html: false,
                },
            )
            .once(),
        );
        telegram.add_fault(
            Fault::on(
                "getMe",
                FaultKind::Status {
                    code: 502,
                    html: true,
                },
            )
            .once(),
        );
        let object = raw.call("getMe", json!({})).await;
        assert_eq!(
            object,
            json!({"ok": false, "error_code": 502, "description": "Bad Gateway"})
        );
        let page = raw.post("getMe", json!({})).await.unwrap();
        assert_eq!(page.status(), StatusCode::BAD_GATEWAY);
        assert!(page.text().await.unwrap().starts_with("<html>"));
        raw.ok("getMe", json!({})).await;
    }

    #[tokio::test]
    async fn a_dropped_connection_gives_no_answer_with_or_without_effect() {
        let (telegram, raw, ada) = start().await;
        ada.say("/start");
        let send = |text: &str| json!({"chat_id": ada.id(), "text": text});
        telegram.add_fault(Fault::on("sendMessage", FaultKind::DropConnection).once());
        telegram.add_fault(
            Fault::on("sendMessage", FaultKind::DropConnection)
                .once()
                .after_effect(),
        );
        let error = raw.post("sendMessage", send("before")).await.unwrap_err();
        assert!(error.is_request(), "{error:?}");
        assert!(raw.post("sendMessage", send("after")).await.is_err());
        raw.ok("sendMessage", send("then")).await;
        let texts: Vec<_> = ada
            .chat()
            .from_bot()
            .map(|message| message.text.clone())
            .collect();
        assert_eq!(texts, ["after", "then"]);
        assert_eq!(
            telegram.calls_to("sendMessage")[0]
                .answer
                .as_ref()
                .unwrap()
                .status,
            0
        );
    }

    #[tokio::test]
    async fn a_refused_deletion_leaves_the_message() {
        let (telegram, raw, ada) = start().await;
        let sent = ada.say("secret");
        telegram.add_fault(Fault::on("deleteMessage", FaultKind::DeleteRefused).chat(ada.id()));
        let delete = json!({"chat_id": ada.id(), "message_id": sent.message_id});
        assert_eq!(
            raw.error("deleteMessage", delete).await,
            "Bad Request: message can't be deleted"
        );
        assert_eq!(ada.chat().messages.len(), 1);
        assert!(telegram.take_unexpected().is_empty());
    }

    #[tokio::test]
    async fn invalid_json_is_the_true_answer_cut_short() {
        let (telegram, raw, ada) = start().await;
        ada.say("key_check");
        telegram.add_fault(Fault::on("getUpdates", FaultKind::InvalidJson).once());
        let body = raw
            .post("getUpdates", json!({}))
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        assert!(body.contains("key_check"));
        assert!(serde_json::from_str::<Value>(&body).is_err());
        assert_eq!(raw.updates(json!({})).await.len(), 1);
    }

    #[tokio::test]
    async fn a_delayed_call_still_has_its_effect() {
        let (telegram, raw, ada) = start().await;
        ada.say("/start");
        telegram.add_fault(Fault::on_any(FaultKind::Delay(Duration::from_millis(20))).every(2));
        raw.send(&ada, "one").await;
        raw.send(&ada, "two").await;
        let waited: Vec<_> = telegram
            .calls()
            .into_iter()
            .map(|call| call.answer.unwrap().after)
            .collect();
        assert!(waited[1] >= Duration::from_millis(20), "{waited:?}");
    }

    #[tokio::test]
    async fn the_server_is_gone_when_the_last_handle_is() {
        let (telegram, raw, ada) = start().await;
        let poll = tokio::spawn({
            let raw = Arc::clone(&raw);
            async move { raw.post("getUpdates", json!({"timeout": 50})).await }
        });
        telegram.wait_polling().await.unwrap();
        drop(ada);
        drop(telegram);
        tokio::time::timeout(Duration::from_secs(5), poll)
            .await
            .unwrap()
            .unwrap()
            .ok();
        let error = raw.post("getMe", json!({})).await.unwrap_err();
        assert!(error.is_connect(), "{error:?}");
    }
}

mod teloxide_understands {
    use teloxide::{
        payloads::{
            AnswerCallbackQuerySetters, EditMessageTextSetters, GetUpdatesSetters,
            SendMessageSetters,
        },
        types::{
            BotCommand, ChatAction, ChatId, InlineKeyboardButton, InlineKeyboardMarkup, MessageId,
            ParseMode,
        },
    };

    use super::*;

    async fn updates(bot: &Bot) -> Vec<Update> {
        bot.get_updates()
            .allowed_updates([AllowedUpdate::Message])
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn every_kind_of_update_that_people_cause() {
        let (telegram, raw, ada) = start().await;
        let sent = ada.say("/addx main");
        let card = json!({
            "chat_id": ada.id(), "text": "<b>card</b>", "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": true},
            "reply_markup": {"inline_keyboard": [[
                {"text": "Go", "callback_data": "go"},
                {"text": "Open", "url": "https://x.com"},
                {"text": "Copy", "copy_text": {"text": "abc"}},
            ]]},
        });
        let card = raw.ok("sendMessage", card).await;
        let card = i32::try_from(card["message_id"].as_i64().unwrap()).unwrap();
        ada.edit(sent.message_id, "/addx other").unwrap();
        ada.reply_to(card, "an answer");
        ada.send_photo(Some("a photo"));
        ada.send_album(2, None);
        ada.send_sticker();
        ada.send_voice();
        ada.send_document("keys.txt", Some("my keys"));
        ada.forward("from somebody");
        ada.tap(card, "Go").unwrap();
        raw.ok(
            "deleteMessage",
            json!({"chat_id": ada.id(), "message_id": card}),
        )
        .await;
        ada.tap_data(card, "gone");
        ada.block();
        ada.unblock();
        let group = telegram.new_group("Club");
        ada.say_in(&group, "/addx");
        group.set_bot_admin(&ada, true);
        group.remove_bot(&ada);
        group.add_bot(&ada);

        let updates = updates(&teloxide_bot(&telegram)).await;
        assert_eq!(updates.len(), telegram.pending().len());
        let kinds: Vec<_> = updates
            .iter()
            .map(|update| match &update.kind {
                UpdateKind::Message(message) => match &message.kind {
                    MessageKind::Common(common) => match &common.media_kind {
                        MediaKind::Text(_) if common.forward_origin.is_some() => "forward",
                        MediaKind::Text(_) if common.reply_to_message.is_some() => "reply",
                        MediaKind::Text(_) => "text",
                        MediaKind::Photo(photo) if photo.media_group_id.is_some() => "album",
                        MediaKind::Photo(_) => "photo",
                        MediaKind::Sticker(_) => "sticker",
                        MediaKind::Voice(_) => "voice",
                        MediaKind::Document(_) => "document",
                        other => panic!("{other:?}"),
                    },
                    MessageKind::NewChatMembers(_) => "joined",
                    other => panic!("{other:?}"),
                },
                UpdateKind::EditedMessage(message) => {
                    assert_eq!(message.text(), Some("/addx other"));
                    "edited"
                }
                UpdateKind::CallbackQuery(query) => {
                    if query.regular_message().is_some() {
                        "tap"
                    } else {
                        "tap on nothing"
                    }
                }
                UpdateKind::MyChatMember(_) => "membership",
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            kinds,
            [
                "text",
                "edited",
                "reply",
                "photo",
                "album",
                "album",
                "sticker",
                "voice",
                "document",
                "forward",
                "tap",
                "tap on nothing",
                "membership",
                "membership",
                "text",
                "membership",
                "membership",
                "membership",
                "joined",
            ]
        );
        assert!(
            updates
                .iter()
                .all(|update| update.chat().is_some() && update.from().is_some())
        );
    }

    #[tokio::test]
    async fn the_answers_to_what_a_bot_calls() {
        let (telegram, _raw, ada) = start().await;
        let bot = teloxide_bot(&telegram);
        let me = bot.get_me().await.unwrap();
        assert_eq!(me.username(), telegram.bot_username());
        assert_eq!(bot.get_webhook_info().await.unwrap().url, None);
        bot.delete_webhook().await.unwrap();
        bot.set_my_commands([BotCommand::new("addx", "Link an X account")])
            .await
            .unwrap();
        assert_eq!(bot.get_my_commands().await.unwrap().len(), 1);

        let sent = ada.say("/start");
        let chat = ChatId(ada.id());
        bot.send_chat_action(chat, ChatAction::Typing)
            .await
            .unwrap();
        assert!(bot.get_chat(chat).await.unwrap().is_private());
        let group = telegram.new_group("Club");
        assert!(
            bot.get_chat(ChatId(group.chat_id()))
                .await
                .unwrap()
                .is_supergroup()
        );
        let keyboard = InlineKeyboardMarkup::new([[InlineKeyboardButton::callback("Go", "go")]]);
        let card = bot
            .send_message(chat, "<b>card</b>")
            .parse_mode(ParseMode::Html)
            .reply_markup(keyboard)
            .await
            .unwrap();
        assert_eq!(card.text(), Some("card"));
        let edited = bot.edit_message_text(chat, card.id, "new").await.unwrap();
        assert_eq!(edited.text(), Some("new"));
        let tapped = ada.tap_data(card.id.0, "go");
        let id = tapped.query_id.to_string();
        bot.answer_callback_query(id.into())
            .text("done")
            .await
            .unwrap();
        bot.delete_message(chat, MessageId(sent.message_id))
            .await
            .unwrap();
        bot.delete_messages(chat, [card.id]).await.unwrap();
        assert!(ada.chat().messages.is_empty());
        assert!(telegram.take_unexpected().is_empty());
    }

    #[tokio::test]
    async fn the_refusals_by_their_names() {
        use teloxide::{ApiError, RequestError};

        let (telegram, _raw, ada) = start().await;
        let bot = teloxide_bot(&telegram);
        let chat = ChatId(ada.id());
        ada.say("/start");
        let api = |error: RequestError| match error {
            RequestError::Api(error) => error,
            other => panic!("{other:?}"),
        };
        let sent = bot.send_message(chat, "same").await.unwrap();
        let error = bot
            .edit_message_text(chat, sent.id, "same")
            .await
            .unwrap_err();
        assert_eq!(api(error), ApiError::MessageNotModified);
        let error = bot
            .edit_message_text(chat, MessageId(99), "x")
            .parse_mode(ParseMode::Html)
            .await
            .unwrap_err();
        assert_eq!(api(error), ApiError::MessageToEditNotFound);
        let error = bot.delete_message(chat, MessageId(99)).await.unwrap_err();
        assert_eq!(api(error), ApiError::MessageToDeleteNotFound);
        let error = bot
            .send_message(chat, "<br>")
            .parse_mode(ParseMode::Html)
            .await
            .unwrap_err();
        assert!(matches!(api(error), ApiError::CantParseEntities(_)));
        let error = bot.send_message(ChatId(5), "x").await.unwrap_err();
        assert_eq!(api(error), ApiError::ChatNotFound);
        ada.block();
        assert_eq!(
            api(bot.send_message(chat, "x").await.unwrap_err()),
            ApiError::BotBlocked
        );
        telegram.add_fault(Fault::on_any(FaultKind::TooManyRequests {
            retry_after: 7,
            hold: false,
        }));
        let error = bot.delete_message(chat, sent.id).await.unwrap_err();
        assert!(matches!(error, RequestError::RetryAfter(seconds) if seconds.seconds() == 7));
    }
}
