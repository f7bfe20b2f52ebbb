//! Reply markup: what Telegram refuses of it, and the buttons that a person sees.

use serde_json::{Map, Value};

use super::{
    html,
    view::{Button, ButtonKind},
};

/// What a message may carry below it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Allowed {
    /// A new message: every kind of markup.
    Any,
    /// An edit: inline keyboards only.
    InlineOnly,
}

const KINDS: [&str; 10] = [
    "callback_data",
    "url",
    "copy_text",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "callback_game",
    "pay",
];

/// The inline keyboard of a markup (absent when it has none or an empty one), or Telegram's refusal.
pub(super) fn check(markup: &Value, allowed: Allowed) -> Result<Option<Value>, String> {
    let Some(markup) = markup.as_object() else {
        return Err("object expected as reply markup".to_owned());
    };
    if let Some(keyboard) = markup.get("inline_keyboard") {
        return inline(keyboard);
    }
    if markup.is_empty() {
        return Ok(None);
    }
    if allowed == Allowed::InlineOnly {
        return Err("inline keyboard expected".to_owned());
    }
    if let Some(keyboard) = markup.get("keyboard") {
        reply_keyboard(keyboard)?;
    } else if markup.get("force_reply") != Some(&Value::Bool(true))
        && markup.get("remove_keyboard") != Some(&Value::Bool(true))
    {
        return Err("can't parse reply keyboard markup JSON object".to_owned());
    }
    match markup.get("input_field_placeholder").map(Value::as_str) {
        Some(Some(text)) if (1..=64).contains(&text.chars().count()) => Ok(None),
        None => Ok(None),
        Some(_) => Err("input field placeholder must be of 1 to 64 characters".to_owned()),
    }
}

fn inline(keyboard: &Value) -> Result<Option<Value>, String> {
    let Some(rows) = keyboard.as_array() else {
        return Err("field \"inline_keyboard\" must be of type Array".to_owned());
    };
    let mut count = 0;
    let mut kept = Vec::new();
    for row in rows {
        let Some(row) = row.as_array() else {
            return Err("can't parse inline keyboard row: expected an Array".to_owned());
        };
        for button in row {
            inline_button(button)?;
            count += 1;
        }
        if !row.is_empty() {
            kept.push(Value::Array(row.clone()));
        }
    }
    if count > 100 {
        return Err("reply markup is too long".to_owned());
    }
    if kept.is_empty() {
        return Ok(None);
    }
    let mut markup = Map::new();
    markup.insert("inline_keyboard".to_owned(), Value::Array(kept));
    Ok(Some(Value::Object(markup)))
}

fn inline_button(button: &Value) -> Result<(), String> {
    let parse_error = |reason: &str| Err(format!("can't parse inline keyboard button: {reason}"));
    let Some(fields) = button.as_object() else {
        return parse_error("expected an Object");
    };
    let Some(text) = fields.get("text").and_then(Value::as_str) else {
        return parse_error("can't find field \"text\"");
    };
    if text.trim().is_empty() {
        return parse_error("field \"text\" must be non-empty");
    }
    let mut kinds = KINDS.iter().filter(|kind| fields.contains_key(**kind));
    let Some(kind) = kinds.next() else {
        return parse_error("Text buttons are unallowed in the inline keyboard");
    };
    if let Some(second) = kinds.next() {
        return parse_error(&format!("both \"{kind}\" and \"{second}\" given"));
    }
    let value = &fields[*kind];
    match *kind {
        "callback_data" => match value.as_str() {
            Some(data) if (1..=64).contains(&data.len()) => Ok(()),
            _ => Err("BUTTON_DATA_INVALID".to_owned()),
        },
        "url" => {
            let url = value.as_str().unwrap_or_default();
            match html::clean_url(url) {
                Some(_) => Ok(()),
                None => Err(format!(
                    "inline keyboard button URL '{url}' is invalid: Wrong HTTP URL"
                )),
            }
        }
        "copy_text" => match value["text"].as_str() {
            Some(text) if (1..=256).contains(&text.chars().count()) => Ok(()),
            _ => Err("BUTTON_COPY_TEXT_INVALID".to_owned()),
        },
        "web_app" => match value["url"].as_str() {
            Some(url) if url.starts_with("https://") => Ok(()),
            _ => Err(
                "inline keyboard button Web App URL is invalid: Only HTTPS links are allowed"
                    .to_owned(),
            ),
        },
        _ => Ok(()),
    }
}

fn reply_keyboard(keyboard: &Value) -> Result<(), String> {
    let Some(rows) = keyboard.as_array() else {
        return Err(
            "field \"keyboard\" of the ReplyKeyboardMarkup must be of type Array".to_owned(),
        );
    };
    for button in rows
        .iter()
        .flat_map(|row| row.as_array().into_iter().flatten())
    {
        let text = button.as_str().or_else(|| button["text"].as_str());
        if text.is_none_or(str::is_empty) {
            return Err("can't parse keyboard button: field \"text\" must be non-empty".to_owned());
        }
    }
    Ok(())
}

/// The buttons of a checked inline keyboard, as a person sees them.
pub(super) fn buttons(markup: Option<&Value>) -> Vec<Vec<Button>> {
    let rows = markup.and_then(|markup| markup["inline_keyboard"].as_array());
    rows.into_iter()
        .flatten()
        .map(|row| row.as_array().into_iter().flatten().map(button).collect())
        .collect()
}

fn button(button: &Value) -> Button {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = if let Some(data) = button.get("callback_data") {
        ButtonKind::Callback(text(data))
    } else if let Some(url) = button.get("url") {
        ButtonKind::Url(text(url))
    } else if let Some(copy) = button.get("copy_text") {
        ButtonKind::CopyText(text(&copy["text"]))
    } else if let Some(app) = button.get("web_app") {
        ButtonKind::WebApp(text(&app["url"]))
    } else {
        ButtonKind::Other
    };
    Button {
        label: text(&button["text"]),
        kind,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(button: &Value) -> Result<Option<Value>, String> {
        check(&json!({"inline_keyboard": [[button]]}), Allowed::InlineOnly)
    }

    #[test]
    fn buttons_at_the_limits_pass_and_beyond_them_fail() {
        assert!(with(&json!({"text": "a", "callback_data": "x".repeat(64)})).is_ok());
        assert_eq!(
            with(&json!({"text": "a", "callback_data": "é".repeat(33)})).unwrap_err(),
            "BUTTON_DATA_INVALID"
        );
        assert_eq!(
            with(&json!({"text": "a", "callback_data": ""})).unwrap_err(),
            "BUTTON_DATA_INVALID"
        );
        assert!(with(&json!({"text": "a", "copy_text": {"text": "x".repeat(256)}})).is_ok());
        assert!(with(&json!({"text": "a", "copy_text": {"text": "x".repeat(257)}})).is_err());
        assert!(with(&json!({"text": "a", "url": "https://console.x.com"})).is_ok());
        assert!(with(&json!({"text": "a", "url": "http://localhost"})).is_err());
        assert!(
            with(&json!({"text": "a"}))
                .unwrap_err()
                .contains("Text buttons are unallowed")
        );
        assert!(with(&json!({"text": "a", "url": "https://x.com", "callback_data": "b"})).is_err());
        assert!(with(&json!({"text": " ", "callback_data": "b"})).is_err());
    }

    #[test]
    fn edits_take_inline_keyboards_only() {
        let force = json!({"force_reply": true, "input_field_placeholder": "API Key"});
        assert_eq!(check(&force, Allowed::Any), Ok(None));
        assert!(check(&force, Allowed::InlineOnly).is_err());
        assert_eq!(
            check(&json!({"inline_keyboard": []}), Allowed::InlineOnly),
            Ok(None)
        );
    }
}
