//! What people paste: the wrong kind, the value of another step, the same one twice, several at once, and copy slips.

use addx_sim::{
    telegram::{Person, SeenMessage},
    x::FourValues,
};

use crate::harness::{World, in_order, verdict};

const LABELS: [&str; 4] = ["API Key", "API Secret", "Access Token", "Access Secret"];
const WHERE: &str = "Keys & Tokens → OAuth 1.0 Keys";

async fn begin(person: &Person) {
    person.say("/addx main");
    person.wait_text("Step 1 of 4").await.unwrap();
}

/// Sends a text, waits until it is gone, and returns the first version of the card that says something about it.
async fn paste(person: &Person, text: &str, says: &str) -> SeenMessage {
    let sent = person.say(text);
    person.wait_deleted(sent.message_id).await.unwrap();
    person.wait_text(says).await.unwrap()
}

async fn expect_connected(person: &Person) {
    let result = verdict(person, "connected").await;
    assert!(
        result.text.contains("main is connected as @seedling"),
        "{}",
        person.chat()
    );
}

/// No message of the bot's, of any time, holds five characters in a row of any of these.
fn never_shown(person: &Person, secrets: &[&str]) {
    let history = person.history();
    let said: Vec<&SeenMessage> = history.iter().filter(|message| message.from_bot).collect();
    for secret in secrets {
        let chars: Vec<char> = secret.chars().collect();
        for window in chars.windows(5) {
            let window: String = window.iter().collect();
            // Names that stand in a label, or spaces, are no part of a secret.
            if !window.chars().all(|c| c.is_ascii_alphanumeric()) {
                continue;
            }
            for message in &said {
                assert!(!message.html.contains(&window), "{window} in {message}");
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_kind_is_named_at_every_step_with_the_place_of_the_right_one() {
    let world = World::start().await;
    let person = world.person();
    let (_, app, values) = world.working_values("seedling");
    let bot_token = format!("7123456789:AA{}", "hK3vQ9xZ".repeat(4));
    let user_token = "bW9mZk1wR2Z0dGpLTUpCdE9QYk5hdVFSdm5Xd3A6MTcwMDAwMDAwMDAwMDoxOjE6YXQ6MQ";
    let (bearer, id, secret) = (app.bearer_token(), app.client_id(), app.client_secret());
    let app_id = app.app_id().to_string();
    let kinds: [(&str, &str); 10] = [
        (&bearer, "Bearer Token"),
        (&id, "OAuth 2.0 Client ID"),
        (&secret, "OAuth 2.0 Client Secret"),
        (user_token, "OAuth 2.0 Access Token"),
        (&app_id, "App ID"),
        ("4837261", "PIN"),
        ("https://console.x.com/apps/33357811/keys", "web address"),
        ("ada@example.org", "email address"),
        ("@seedling", "username"),
        (&bot_token, "a Telegram bot token"),
    ];

    begin(&person).await;
    for (step, value) in in_order(&values).into_iter().enumerate() {
        for (text, name) in kinds {
            let card = paste(&person, text, name).await;
            assert!(
                card.text.contains(WHERE),
                "{name} at {}: {card}",
                LABELS[step]
            );
            assert!(card.text.contains(LABELS[step]), "{card}");
            assert!(
                card.text.contains(&format!("Step {} of 4", step + 1)),
                "{card}"
            );
            if card.button("Send it again").is_some() {
                person.press("Send it again").unwrap();
                person.wait_text("Send it here").await.unwrap();
            }
        }
        for masked in [
            "••••••••••••••••",
            "AbCd****************",
            "xxxxxxxxxxxxxxxxxxxx",
        ] {
            // Else the card would not change.
            paste(&person, "ada@example.org", "email address").await;
            let card = paste(&person, masked, "hidden form").await;
            assert!(card.text.contains("Regenerate in X"), "{card}");
            assert!(
                card.text.contains(&format!("it then: {}", LABELS[step])),
                "{card}"
            );
        }
        let sent = person.say(value);
        person.wait_deleted(sent.message_id).await.unwrap();
        let next = if step == 3 {
            "All four credentials received".to_owned()
        } else {
            format!("Step {} of 4", step + 2)
        };
        person.wait_text(&next).await.unwrap();
    }
    expect_connected(&person).await;
    never_shown(
        &person,
        &[
            &bearer, &id, &secret, user_token, &bot_token, &app_id, "4837261",
        ],
    );
    never_shown(&person, &in_order(&values));
    world.finish().await;
}

#[tokio::test]
async fn the_value_of_another_step_is_offered_as_a_button_and_taken() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let values = in_order(&values);

    begin(&person).await;
    for (field, sure) in [(3, false), (2, true), (1, false)] {
        let label = LABELS[field];
        let card = paste(&person, values[field], &format!("looks like: {label}")).await;
        let use_it = format!("Use it as {label}");
        let mut buttons = vec![use_it.as_str()];
        if !sure {
            buttons.push("It is the API Key");
        }
        buttons.extend(["Send it again", "Cancel"]);
        assert_eq!(card.labels(), buttons);
        person.press(&use_it).unwrap();
        let card = person.wait_text(&format!("✓ {label}")).await.unwrap();
        assert!(
            card.text
                .contains("API Key  (X also calls it Consumer Key)"),
            "{card}"
        );
    }
    person.say(values[0]);
    expect_connected(&person).await;
    never_shown(&person, &values);
    world.finish().await;
}

#[tokio::test]
async fn at_the_access_token_nothing_else_can_be_used_anyway() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let values = in_order(&values);

    begin(&person).await;
    paste(&person, values[0], "Step 2 of 4").await;
    paste(&person, values[1], "Step 3 of 4").await;
    let card = paste(&person, values[3], "looks like: Access Secret").await;
    assert_eq!(
        card.labels(),
        ["Use it as Access Secret", "Send it again", "Cancel"]
    );
    person.press("Use it as Access Secret").unwrap();
    person.wait_text("✓ Access Secret").await.unwrap();
    let card = paste(
        &person,
        "MadeUpValueWithoutDigitsAndDash7",
        "begins with digits and a dash",
    )
    .await;
    assert!(card.text.contains(WHERE), "{card}");
    person.say(values[2]);
    expect_connected(&person).await;
    world.finish().await;
}

#[tokio::test]
async fn a_value_that_came_before_is_told_as_that() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let values = in_order(&values);

    begin(&person).await;
    for step in 0..4 {
        for before in 0..step {
            let says = format!("This is the same text as {}", LABELS[before]);
            let card = paste(&person, values[before], &says).await;
            assert!(
                card.text.contains(&format!("Expected: {}", LABELS[step])),
                "{card}"
            );
        }
        let twice = format!("API Key: {0}\nAccess Token Secret: {0}", values[3]);
        paste(&person, &twice, "Two fields have the same text").await;
        let sent = person.say(values[step]);
        person.wait_deleted(sent.message_id).await.unwrap();
        if step < 3 {
            person
                .wait_text(&format!("Step {} of 4", step + 2))
                .await
                .unwrap();
        }
    }
    expect_connected(&person).await;
    world.finish().await;
}

#[tokio::test]
async fn the_halves_of_a_pair_come_in_one_message() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    begin(&person).await;
    let keys = format!(
        "Consumer Secret: {}\nConsumer Key: {}",
        values.consumer_secret, values.consumer_key
    );
    let card = paste(&person, &keys, "Step 3 of 4").await;
    assert!(
        card.text.contains("Received: API Key and API Secret."),
        "{card}"
    );
    let tokens = format!("{} {}", values.access_token_secret, values.access_token);
    let card = paste(&person, &tokens, "All four credentials received").await;
    assert!(
        card.text
            .contains("Received: Access Token and Access Secret."),
        "{card}"
    );
    expect_connected(&person).await;
    never_shown(&person, &in_order(&values));
    world.finish().await;
}

/// The four values under the names of a generation of consoles and programs, in some order.
type Block = fn(&FourValues) -> String;

const BLOCKS: [Block; 8] = [
    |v| {
        format!(
            "{}\n{}\n{}\n{}",
            v.consumer_key, v.consumer_secret, v.access_token, v.access_token_secret
        )
    },
    |v| {
        format!(
            "{} {} {} {}",
            v.access_token_secret, v.access_token, v.consumer_secret, v.consumer_key
        )
    },
    |v| {
        format!(
            "Access Token Secret: {}\nConsumer Key: {}\nAccess Token: {}\nConsumer Secret: {}",
            v.access_token_secret, v.consumer_key, v.access_token, v.consumer_secret
        )
    },
    |v| {
        format!(
            "API_KEY={}\nAPI_SECRET={}\nACCESS_TOKEN={}\nACCESS_SECRET={}\n",
            v.consumer_key, v.consumer_secret, v.access_token, v.access_token_secret
        )
    },
    |v| {
        format!(
            r#"{{"oauth_token":"{}","oauth_token_secret":"{}","consumer_key":"{}","consumer_secret":"{}"}}"#,
            v.access_token, v.access_token_secret, v.consumer_key, v.consumer_secret
        )
    },
    |v| {
        format!(
            "Access Token\n{}\nSecret Key\n{}\nAccess Token Secret\n{}\nConsumer Key\n{}",
            v.access_token, v.consumer_secret, v.access_token_secret, v.consumer_key
        )
    },
    |v| {
        format!(
            "appSecret: '{}', appKey: '{}', accessSecret: '{}', accessToken: '{}'",
            v.consumer_secret, v.consumer_key, v.access_token_secret, v.access_token
        )
    },
    |v| {
        format!(
            "API Key Secret: {}\nAPI Key: {}\nAccess Token Secret: {}\nAccess Token: {}",
            v.consumer_secret, v.consumer_key, v.access_token_secret, v.access_token
        )
    },
];

#[tokio::test]
async fn all_four_come_in_one_message_in_any_order_under_any_names() {
    let world = World::start().await;
    for block in BLOCKS {
        let person = world.person();
        let (_, _, values) = world.working_values("seedling");
        begin(&person).await;
        let card = paste(&person, &block(&values), "All four credentials received").await;
        assert!(
            card.text
                .contains("Received: API Key, API Secret, Access Token and Access Secret."),
            "{card}"
        );
        expect_connected(&person).await;
        never_shown(&person, &in_order(&values));
    }
    world.finish().await;
}

#[tokio::test]
async fn what_is_left_out_of_a_message_is_told() {
    let world = World::start().await;
    let person = world.person();
    let (_, app, values) = world.working_values("seedling");
    begin(&person).await;
    let block = format!(
        "{}\nBearer Token: {}\nClient ID: {}",
        BLOCKS[3](&values),
        app.bearer_token(),
        app.client_id()
    );
    let card = paste(&person, &block, "All four credentials received").await;
    assert!(
        card.text
            .contains("Not needed and not stored: Bearer Token and OAuth 2.0 Client ID."),
        "{card}"
    );
    expect_connected(&person).await;
    never_shown(&person, &[&app.bearer_token(), &app.client_id()]);
    world.finish().await;
}

#[tokio::test]
async fn what_was_cleaned_is_told_at_every_step() {
    type Slip = fn(&str) -> String;
    let slips: [(Slip, &str); 8] = [
        (|v| format!("\u{a0} {v}  "), "spaces around it"),
        (|v| format!("\"{v}\""), "quotes"),
        (|v| format!("{{{v}}}"), "brackets"),
        (|v| format!("KEY={v}"), "its label"),
        (|v| format!("Bearer {v}"), "the word Bearer"),
        (|v| format!("\u{200b}{v}\u{feff}"), "invisible characters"),
        (|v| format!("{v}."), "punctuation"),
        (|v| format!("{v}{v}"), "a second copy of it"),
    ];
    let names = [
        "API Key",
        "Consumer Secret",
        "oauth_token",
        "access_token_secret",
    ];
    let world = World::start().await;
    for (slip, told) in slips {
        let person = world.person();
        let (_, _, values) = world.working_values("seedling");
        begin(&person).await;
        for (step, value) in in_order(&values).into_iter().enumerate() {
            let text = if told == "its label" {
                format!("{}={value}", names[step])
            } else {
                slip(value)
            };
            let says = if step < 3 {
                format!("Step {} of 4", step + 2)
            } else {
                "All four credentials received".to_owned()
            };
            let card = paste(&person, &text, &says).await;
            assert!(
                card.text.contains("Removed: ") && card.text.contains(told),
                "{told} at {}: {card}",
                LABELS[step]
            );
        }
        expect_connected(&person).await;
        never_shown(&person, &in_order(&values));
    }
    world.finish().await;
}

#[tokio::test]
async fn an_unusual_length_only_warns() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let short = &values.consumer_secret[..30];

    begin(&person).await;
    paste(&person, &values.consumer_key, "Step 2 of 4").await;
    let card = paste(
        &person,
        short,
        "it has 30 characters; the usual length is 50",
    )
    .await;
    assert_eq!(card.labels(), ["Use it anyway", "Send it again", "Cancel"]);
    person.press("Use it anyway").unwrap();
    person.wait_text("Step 3 of 4").await.unwrap();
    person
        .wait_text("X rejected this API key pair")
        .await
        .unwrap();
    person.press("Enter API key pair again").unwrap();
    person.wait_text("Step 1 of 4").await.unwrap();
    let labelled = format!("API Key: {}\nAPI Secret: {short}", values.consumer_key);
    let card = paste(&person, &labelled, "Step 3 of 4").await;
    assert!(
        card.text
            .contains("Please check API Secret: it has 30 characters; the usual length is 50."),
        "{card}"
    );
    let all = format!(
        "API Key: {}\nAPI Secret: {short}\nAccess Token: {}\nAccess Secret: {}",
        values.consumer_key, values.access_token, values.access_token_secret
    );
    let card = paste(&person, &all, "All four credentials received").await;
    assert!(
        card.text
            .contains("Please check API Secret: it has 30 characters"),
        "{card}"
    );
    let result = verdict(&person, "api_key_pair_rejected").await;
    assert!(result.text.ends_with("api_key_pair_rejected"), "{result}");
    world.finish().await;
}
