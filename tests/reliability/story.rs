//! A patient user: says each thing once, waits for what comes, and never sends a value again.

use addx_sim::{
    telegram::{Person, SeenMessage, SimError},
    x::{FourValues, TokenPair},
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
    person.wait_text("The new values are in use").await
}

/// Erases the link.
pub(crate) async fn unlink(person: &Person) -> Result<SeenMessage, SimError> {
    person.say("/unlink main");
    person.wait_text("This cannot be undone").await?;
    person.press("Erase")?;
    person.wait_text("and its values are erased").await
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
        let occasion = if is_of("The new values are in use") {
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
    for total in ["of 4", "of 2"] {
        let mut reached = 0;
        for message in history.iter().filter(|message| message.from_bot) {
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
