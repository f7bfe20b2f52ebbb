//! A patient user: says each thing once, waits for what comes, and never sends a value again.

use addx_sim::{
    telegram::{ButtonKind, Person, SeenMessage, SimError},
    x::{FourValues, TokenPair, XSim, XUser},
};

use crate::canary::Canary;

/// The four values in the order in which the bot asks for them.
pub(crate) fn in_order(values: &FourValues) -> [&str; 4] {
    [
        &values.consumer_key,
        &values.consumer_secret,
        &values.access_token,
        &values.access_token_secret,
    ]
}

/// What must not be found anywhere, of these values.
pub(crate) fn canaries(values: &FourValues) -> Vec<Canary> {
    let names = ["API Key", "API Secret", "Access Token", "Access Secret"];
    names
        .into_iter()
        .zip(in_order(values))
        .map(|(name, value)| Canary::new(name, value))
        .collect()
}

/// Answers all four questions and waits for X's verdict.
pub(crate) async fn link(person: &Person, values: &FourValues) -> Result<SeenMessage, SimError> {
    person.say("/addx main");
    for (index, value) in in_order(values).into_iter().enumerate() {
        person
            .wait_text(&format!("Step {} of 4", index + 1))
            .await?;
        person.say(value);
    }
    person.wait_text("main is connected as").await
}

/// Asks X again, and waits for its verdict.
pub(crate) async fn verify(person: &Person) -> Result<SeenMessage, SimError> {
    person.say("/verify main");
    person.wait_text("Unchanged since").await
}

/// Gives a new token pair, and waits until it is in use.
pub(crate) async fn rotate(person: &Person, token: &TokenPair) -> Result<SeenMessage, SimError> {
    person.say("/rotate main");
    person.wait_text("What did you regenerate").await?;
    person.press("Token pair")?;
    person.wait_text("Step 1 of 2").await?;
    person.say(&token.token);
    person.wait_text("Step 2 of 2").await?;
    person.say(&token.secret);
    person.wait_text("The new credentials are in use").await
}

/// Two pastes and a PIN. A patient user gets a new link when X's answer to a PIN was lost.
pub(crate) async fn link_with_pin(
    x: &XSim,
    person: &Person,
    values: &FourValues,
    user: &XUser,
    seen: &mut Vec<Canary>,
) -> Result<(), String> {
    let told = |error: SimError| error.to_string();
    person.say("/addx main");
    for (index, value) in in_order(values).into_iter().take(2).enumerate() {
        person
            .wait_text(&format!("Step {} of 4", index + 1))
            .await
            .map_err(told)?;
        person.say(value);
    }
    person.wait_text("Step 3 of 4").await.map_err(told)?;
    press(person, "Get it from X with a PIN").await?;
    authorize(x, person, user, seen).await?;
    person
        .wait_text("main is connected as")
        .await
        .map_err(told)
        .map(|_| ())
}

/// Another link with the same app, and a PIN: first of an account that is not meant, whose token is ended.
pub(crate) async fn link_with_same_app(
    x: &XSim,
    person: &Person,
    user: &XUser,
    seen: &mut Vec<Canary>,
) -> Result<(), String> {
    person.say("/addx shop");
    press(person, "Use the same app").await?;
    let stranger = x.new_user("stranger");
    exchange(x, person, &stranger, seen).await?;
    press(person, "No, and revoke it at X").await?;
    authorize(x, person, user, seen).await?;
    let linked = person.wait_text("shop is connected as").await;
    linked.map_err(|error| error.to_string()).map(|_| ())
}

/// From the link to the tap on "Yes, this one".
async fn authorize(
    x: &XSim,
    person: &Person,
    user: &XUser,
    seen: &mut Vec<Canary>,
) -> Result<(), String> {
    exchange(x, person, user, seen).await?;
    press(person, "Yes, this one").await
}

/// From the link to the question whose token it is. What may not be found anywhere is noted in `seen`.
async fn exchange(
    x: &XSim,
    person: &Person,
    user: &XUser,
    seen: &mut Vec<Canary>,
) -> Result<(), String> {
    loop {
        has_button(person, "Open X").await?;
        let chat = person.chat();
        let card = chat
            .last_bot_message()
            .and_then(|card| card.button("Open X"));
        let Some(ButtonKind::Url(url)) = card.map(|button| &button.kind) else {
            continue;
        };
        let token = url
            .split_once("oauth_token=")
            .and_then(|(_, rest)| rest.split('&').next());
        for pair in x.request_tokens() {
            seen.push(Canary::new("request token's secret", &pair.secret));
        }
        let pin = x
            .authorize(token.unwrap_or_default(), user)
            .map_err(|error| error.to_string())?;
        let sent = person.say(&pin);
        let answered = person
            .wait_for(|chat| {
                let card = chat.last_bot_message();
                card.is_some_and(|card| {
                    card.button("Yes, this one").is_some() || card.text.contains("pin_spent")
                })
            })
            .await;
        let chat = answered.map_err(|error| error.to_string())?;
        person
            .wait_deleted(sent.message_id)
            .await
            .map_err(|error| error.to_string())?;
        let is_used_up = chat
            .last_bot_message()
            .is_some_and(|card| card.text.contains("pin_spent"));
        if !is_used_up {
            break;
        }
        press(person, "Get a new link").await?;
    }
    let whose = format!("{}-", user.id);
    let mut pairs = x.token_pairs();
    pairs.retain(|pair| pair.token.starts_with(&whose));
    for pair in pairs {
        seen.push(Canary::new("Access Token of the PIN", &pair.token));
        seen.push(Canary::new("Access Secret of the PIN", &pair.secret));
    }
    Ok(())
}

async fn has_button(person: &Person, label: &str) -> Result<(), String> {
    let shown = person.wait_for(|chat| {
        let last = chat.last_bot_message();
        last.is_some_and(|last| last.button(label).is_some())
    });
    shown.await.map_err(|error| error.to_string()).map(|_| ())
}

async fn press(person: &Person, label: &str) -> Result<(), String> {
    has_button(person, label).await?;
    person
        .press(label)
        .map_err(|error| error.to_string())
        .map(|_| ())
}

/// Ends the token at X, and erases the link. The receipt.
pub(crate) async fn revoke(person: &Person, name: &str) -> Result<SeenMessage, SimError> {
    person.say(&format!("/unlink {name}"));
    person.wait_text("This cannot be undone").await?;
    person.press("Revoke at X and erase")?;
    person.wait_text("🧾").await
}

/// Erases the link.
pub(crate) async fn unlink(person: &Person) -> Result<SeenMessage, SimError> {
    person.say("/unlink main");
    person.wait_text("This cannot be undone").await?;
    person.press("Erase")?;
    person.wait_text("and its credentials are deleted").await
}

/// Waits until none of the user's secrets stands in the chat.
pub(crate) async fn all_deleted(person: &Person, canaries: &[Canary]) -> Result<(), SimError> {
    let is_secret = |message: &SeenMessage| {
        canaries
            .iter()
            .any(|canary| canary.found_in(message.text.as_bytes()).is_some())
    };
    person
        .wait_for(|chat| !chat.messages.iter().any(is_secret))
        .await
        .map(|_| ())
}

/// What a patient user would complain about afterwards.
pub(crate) fn complaints(person: &Person, canaries: &[Canary]) -> Vec<String> {
    let mut complaints = Vec::new();
    for message in person.chat().messages {
        let secret = canaries
            .iter()
            .any(|canary| canary.found_in(message.text.as_bytes()).is_some());
        if secret {
            let whose = if message.from_bot {
                "the bot's"
            } else {
                "a secret"
            };
            complaints.push(format!(
                "{whose} message #{} stands in the chat",
                message.id
            ));
        }
    }
    let history = person.history();
    complaints.extend(asked_twice(&history));
    // X's answer is one message; an edit of another may carry it too.
    let answers = history
        .iter()
        .filter(|message| message.from_bot && message.edits == 0)
        .filter(|message| message.text.contains("main is connected as"));
    let mut said = [("rotation", 0), ("check", 0), ("link", 0)];
    for answer in answers {
        let is_of = |words| answer.text.contains(words);
        let occasion = if is_of("The new credentials are in use") {
            0
        } else if is_of("Unchanged since") {
            1
        } else {
            2
        };
        said[occasion].1 += 1;
    }
    for (occasion, times) in said.into_iter().filter(|(_, times)| *times > 1) {
        complaints.push(format!("{times} messages answer the {occasion}"));
    }
    complaints
}

/// Cards that ask for a value after a later step had been shown.
fn asked_twice(history: &[SeenMessage]) -> Vec<String> {
    let mut complaints = Vec::new();
    let flows = ["main", "shop"];
    for (total, name) in ["of 4", "of 2"]
        .into_iter()
        .flat_map(|total| flows.map(|name| (total, name)))
    {
        let mut reached = 0;
        let cards = history.iter().filter(|message| message.from_bot);
        for message in cards.filter(|message| message.text.contains(&format!(" {name} · "))) {
            let step = (1..=4).find(|step| message.text.contains(&format!("Step {step} {total}")));
            match step {
                Some(step) if step < reached => complaints.push(format!(
                    "step {step} {total} was asked for again after step {reached}"
                )),
                Some(step) => reached = step,
                None => {}
            }
        }
    }
    complaints
}
