//! `/addx`, from the first card to X's verdict.

use addx_sim::x::{AppPermission, answers};

use crate::harness::{
    ME, World, begin, enter, enter_from, in_order, labelled, link, shown, verdict,
};

#[tokio::test]
async fn four_values_that_x_accepts_make_a_connected_account() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    let card = begin(&person, "main").await;
    insta::assert_snapshot!(shown(&card), @"
    🔑 main · Step 1 of 4

    API Key  (X also calls it Consumer Key)
    console.x.com → your app → Keys & Tokens → OAuth 1.0 Keys → Consumer Key
    Do you have all four? Paste them in one message; I sort them.
    First time? Tap Guide: set the app to Read and write before you generate the Access Token.

    Send it here. I delete your message right away and store what you sent encrypted. Telegram itself can read what is sent to a bot. By sending credentials you agree that I store them until you /unlink the account.
    [Guide][Cancel]
    ");
    enter(&person, &in_order(&values)[..2], 4).await;
    let card = person
        .wait_text("X accepts this API key pair")
        .await
        .unwrap();
    insta::assert_snapshot!(shown(&card), @"
    🔑 main · Step 3 of 4

    ✓ API Key
    ✓ API Secret
    ✅ X accepts this API key pair.

    Access Token
    console.x.com → your app → Keys & Tokens → OAuth 1.0 Keys → Access Token → Generate
    It begins with digits and a dash. Set the app to Read and write before you press Generate; otherwise the token can only read.
    For an X account other than the app owner's, or without a token: tap Get it from X with a PIN.

    Send it here. I delete your message right away and store what you sent encrypted.
    [Get it from X with a PIN]
    [Guide][Back][Cancel]
    ");
    enter_from(&person, 3, &in_order(&values)[2..], 4).await;
    let result = verdict(&person, "connected").await;
    insta::assert_snapshot!(shown(&result), @"
    ✅ main is connected as @seedling
    Permission: read and write. It can publish.

    Code: connected
    [Check again][Accounts]
    [Test post]
    ");
    world.finish().await;
}

#[tokio::test]
async fn the_card_is_one_message_that_is_edited_in_place_and_stays_last() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    let card = begin(&person, "main").await.id;
    for (step, value) in in_order(&values).iter().enumerate().take(3) {
        enter_from(&person, step + 1, &[value], 4).await;
        let chat = person.chat();
        assert_eq!(chat.from_bot().count(), 1, "{chat}");
        assert_eq!(
            chat.messages.last().map(|last| last.id),
            Some(card),
            "{chat}"
        );
    }
    enter_from(&person, 4, &in_order(&values)[3..], 4).await;
    verdict(&person, "connected").await;
    let chat = person.chat();
    assert!(
        chat.message(card)
            .unwrap()
            .text
            .contains("All four credentials received"),
        "{chat}"
    );
    assert_eq!(chat.from_bot().count(), 2, "{chat}");
    world.finish().await;
}

#[tokio::test]
async fn without_a_name_it_is_asked_for_first() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    person.say("/addx");
    let card = person.wait_text("Choose a name.").await.unwrap();
    assert_eq!(card.labels(), ["Use my X handle", "Cancel"]);
    let name = person.say("shop");
    let first = person.wait_text("shop · Step 1 of 4").await.unwrap();
    assert_eq!(first.id, card.id);
    person.wait_deleted(name.message_id).await.unwrap();
    enter(&person, &in_order(&values), 4).await;
    let result = verdict(&person, "connected").await;
    assert!(
        result.text.contains("shop is connected as @seedling"),
        "{result}"
    );
    world.finish().await;
}

#[tokio::test]
async fn all_four_values_in_one_message_are_sorted_and_checked() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    begin(&person, "main").await;
    let sent = person.say(&labelled(&values));
    verdict(&person, "connected").await;
    person.wait_deleted(sent.message_id).await.unwrap();
    assert_eq!(world.values().await, 4);
    world.finish().await;
}

#[tokio::test]
async fn four_values_without_labels_in_any_order_are_taken_too() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    begin(&person, "main").await;
    let [key, secret, token, token_secret] = in_order(&values);
    person.say(&format!("{token_secret}\n{token}\n{secret}\n{key}"));
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn back_forgets_the_last_value_and_asks_for_it_again() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let (_, _, other) = world.working_values("other");

    begin(&person, "main").await;
    enter(&person, &[&other.consumer_key, &other.consumer_secret], 4).await;
    for step in [2, 1] {
        person.press("Back").unwrap();
        let card = person
            .wait_text(&format!("Step {step} of 4"))
            .await
            .unwrap();
        assert!(card.text.contains("Deleted: API"), "{card}");
        assert_eq!(world.values().await, step - 1);
    }
    enter(&person, &in_order(&values), 4).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn cancel_wipes_what_was_entered_and_says_how_much_that_was() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    for (entered, said) in [
        (0, "You had not entered anything yet"),
        (1, "The field you entered is deleted"),
        (3, "The 3 fields you entered are deleted"),
    ] {
        let card = begin(&person, "main").await.id;
        enter(&person, &in_order(&values)[..entered], 4).await;
        if entered == 1 {
            person.say("/cancel");
        } else {
            person.press("Cancel").unwrap();
        }
        person.wait_text(said).await.unwrap();
        world.rest().await;
        let card = person.chat().message(card).cloned().unwrap();
        assert!(card.text.contains("Cancelled."), "{card}");
        assert_eq!(card.labels(), [""; 0]);
        assert_eq!(world.values().await, 0);
        assert_eq!(world.count("SELECT count(*) FROM data_keys").await, 0);
        assert_eq!(world.count("SELECT count(*) FROM dialogues").await, 0);
    }
    person.say("/cancel");
    person
        .wait_text("There is nothing to cancel")
        .await
        .unwrap();
    link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn the_guide_and_the_commands_in_mid_flow_leave_the_card_last() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    let mut card = begin(&person, "main").await.id;
    enter(&person, &in_order(&values)[..1], 4).await;
    for (command, said) in [
        ("/guide", "The five common mistakes"),
        ("/help", "/unlink – "),
        ("/privacy", "What is stored"),
        ("/accounts", "You have not linked an X account yet"),
        ("/start", "I connect your X account"),
        ("/verify", "You have not linked an X account yet"),
        ("/nonsense", "I do not know that command"),
    ] {
        person.say(command);
        person.wait_text(said).await.unwrap();
        world.rest().await;
        let chat = person.chat();
        let last = chat.messages.last().unwrap();
        assert!(last.text.contains("Step 2 of 4"), "{command}:\n{chat}");
        let moved = last.id != card;
        assert_eq!(moved, command != "/nonsense", "{command}:\n{chat}");
        assert_eq!(chat.message(card).is_none(), moved, "{command}:\n{chat}");
        card = last.id;
    }
    person.press("Guide").unwrap();
    person.wait_text("The five common mistakes").await.unwrap();
    world.rest().await;
    assert!(
        person
            .last_bot_message()
            .unwrap()
            .text
            .contains("Step 2 of 4")
    );
    enter_from(&person, 2, &in_order(&values)[1..], 4).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn addx_in_mid_flow_asks_and_continue_goes_on_with_the_values() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    begin(&person, "main").await;
    enter(&person, &in_order(&values)[..2], 4).await;
    person.say("/addx");
    let question = person.wait_text("You are linking main").await.unwrap();
    assert_eq!(question.labels(), ["Continue", "Start over"]);
    person.press("Continue").unwrap();
    let card = person.wait_text("Step 3 of 4").await.unwrap();
    assert_eq!(card.id, question.id, "{}", person.chat());
    world.rest().await;
    let chat = person.chat();
    assert_eq!(chat.from_bot().count(), 1, "{chat}");
    assert!(
        chat.messages.last().unwrap().text.contains("Step 3 of 4"),
        "{chat}"
    );
    enter_from(&person, 3, &in_order(&values)[2..], 4).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn an_answer_instead_of_a_tap_goes_on_with_the_flow_too() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    begin(&person, "main").await;
    person.say("/addx other");
    person.wait_text("You are linking main").await.unwrap();
    enter(&person, &in_order(&values)[..3], 4).await;
    world.rest().await;
    let chat = person.chat();
    assert!(
        chat.messages.last().unwrap().text.contains("Step 4 of 4"),
        "the card is not the last:\n{chat}"
    );
    enter_from(&person, 4, &in_order(&values)[3..], 4).await;
    let result = verdict(&person, "connected").await;
    assert!(result.text.contains("main is connected"), "{result}");
    world.finish().await;
}

#[tokio::test]
async fn starting_over_wipes_the_values_and_takes_the_newest_name() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    begin(&person, "main").await;
    enter(&person, &in_order(&values)[..3], 4).await;
    person.say("/addx");
    let question = person.wait_text("You are linking main").await.unwrap();
    person.press("Start over").unwrap();
    let card = person.wait_text("main · Step 1 of 4").await.unwrap();
    assert_eq!(card.id, question.id, "{}", person.chat());
    assert_eq!(world.values().await, 0);
    enter(&person, &in_order(&values)[..1], 4).await;
    person.say("/addx shop");
    person.wait_text("You are linking main").await.unwrap();
    person.press("Start over").unwrap();
    person.wait_text("shop · Step 1 of 4").await.unwrap();
    assert_eq!(world.values().await, 0);
    assert_eq!(world.count("SELECT count(*) FROM data_keys").await, 1);
    world.rest().await;
    let chat = person.chat();
    assert_eq!(chat.from_bot().count(), 1, "{chat}");
    enter(&person, &in_order(&values), 4).await;
    let result = verdict(&person, "connected").await;
    assert!(result.text.contains("shop is connected"), "{result}");
    world.finish().await;
}

#[tokio::test]
async fn a_key_pair_that_x_refuses_is_told_while_the_flow_goes_on() {
    let world = World::start().await;
    let person = world.person();
    let (_, app, values) = world.working_values("seedling");
    let old = app.key_pair();
    let new = world.regenerated_keys(&app);

    begin(&person, "main").await;
    enter(&person, &[&old.key, &old.secret], 4).await;
    let card = person
        .wait_text("X rejected this API key pair")
        .await
        .unwrap();
    assert!(card.text.contains("Step 3 of 4"), "{card}");
    person.press("Enter API key pair again").unwrap();
    person.wait_text("Step 1 of 4").await.unwrap();
    assert_eq!(world.values().await, 0);
    enter(&person, &[&new.key, &new.secret], 4).await;
    enter_from(&person, 3, &in_order(&values)[2..], 4).await;
    // The new key pair ended the token.
    let result = verdict(&person, "access_token_rejected").await;
    let user = world.x.new_user("another");
    assert_eq!(result.labels(), ["Send new token pair", "Check again"]);
    let fresh = world.regenerated_token(&app, &user);
    person.press("Send new token pair").unwrap();
    person.wait_text("Step 1 of 2").await.unwrap();
    enter(&person, &[&fresh.token, &fresh.secret], 2).await;
    let result = verdict(&person, "connected").await;
    assert!(
        result.text.contains("main is connected as @another"),
        "{result}"
    );
    world.finish().await;
}

#[tokio::test]
async fn whatever_x_answers_the_account_is_kept_and_checked_again() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    app.set_permission(AppPermission::Read);
    let reader = world.canary_values(app.four_values(&user));

    // (what X answers to the check, the code that the user sees)
    let cases = [
        (Some(answers::too_many_requests()), "rate_limited"),
        (Some(answers::unavailable()), "x_unavailable"),
        (Some(answers::credits_depleted(7)), "no_credits"),
        (Some(answers::not_permitted()), "unexpected"),
        (None, "read_only"),
    ];
    for (answer, code) in cases {
        let (given, name) = match answer {
            Some(answer) => {
                world.x.answer_next(ME, answer);
                (&values, code.replace('_', "-"))
            }
            None => (&reader, "reader".to_owned()),
        };
        begin(&person, &name).await;
        person.say(&labelled(given));
        let result = verdict(&person, code).await;
        assert!(result.text.contains(&name), "{result}");
        if code == "read_only" {
            let fresh = {
                app.set_permission(AppPermission::ReadWrite);
                world.regenerated_token(&app, &user)
            };
            person.tap(result.id, "Send new token pair").unwrap();
            person.wait_text("Step 1 of 2").await.unwrap();
            enter(&person, &[&fresh.token, &fresh.secret], 2).await;
        } else {
            person.tap(result.id, "Check again").unwrap();
        }
        verdict(&person, "connected").await;
        world.advance(crate::harness::HOUR);
    }
    assert_eq!(world.count("SELECT count(*) FROM accounts").await, 5);
    world.finish().await;
}

#[tokio::test]
async fn the_commands_are_registered_for_private_chats() {
    let world = World::start().await;
    let registered = || world.telegram.commands("all_private_chats", "");
    let wait = world
        .telegram
        .wait_until("the commands to be registered", |_| {
            !registered().is_empty()
        });
    wait.await.unwrap();
    let names: Vec<String> = registered()
        .into_iter()
        .map(|(name, _)| name.trim_start_matches('/').to_owned())
        .collect();
    assert_eq!(
        names,
        [
            "addx", "accounts", "verify", "rotate", "unlink", "testpost", "post", "guide",
            "cancel", "diagnose", "history", "mydata", "language", "privacy", "help"
        ]
    );
    for (name, description) in registered() {
        assert!(description.chars().count() > 10, "{name}: {description}");
    }
    assert_eq!(world.telegram.commands("default", ""), []);
    world.finish().await;
}
