//! Taps: on old buttons, on made-up ones, on other people's, and twice.

use crate::harness::{World, begin, enter, enter_from, in_order, link, rotate, verdict, verify};

#[tokio::test]
async fn a_tap_on_a_button_of_an_earlier_step_says_so_and_does_nothing() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    let card = begin(&person, "main").await;
    enter(&person, &in_order(&values)[..1], 4).await;
    let back = person
        .chat()
        .message(card.id)
        .unwrap()
        .button("Back")
        .unwrap()
        .data()
        .unwrap()
        .to_owned();
    enter_from(&person, 2, &in_order(&values)[1..2], 4).await;
    let tapped = person.tap_data(card.id, &back);
    let answer = person.wait_answer(&tapped).await.unwrap();
    assert!(answer.text.contains("earlier step"), "{answer:?}");
    world.rest().await;
    assert_eq!(world.values().await, 2);
    enter_from(&person, 3, &in_order(&values)[2..], 4).await;
    verdict(&person, "connected").await;
    let tapped = person.tap_data(card.id, &back);
    assert!(
        person
            .wait_answer(&tapped)
            .await
            .unwrap()
            .text
            .contains("earlier step")
    );
    world.finish().await;
}

#[tokio::test]
async fn a_second_tap_does_nothing_more() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    let card = begin(&person, "main").await;
    enter(&person, &in_order(&values)[..3], 4).await;
    let first = person.tap(card.id, "Back").unwrap();
    let second = person.tap(card.id, "Back").unwrap();
    assert_eq!(person.wait_answer(&first).await.unwrap().text, "");
    assert!(
        person
            .wait_answer(&second)
            .await
            .unwrap()
            .text
            .contains("earlier step")
    );
    world.rest().await;
    assert_eq!(world.values().await, 2);
    let first = person.tap(card.id, "Cancel").unwrap();
    let second = person.tap(card.id, "Cancel").unwrap();
    assert_eq!(person.wait_answer(&first).await.unwrap().text, "");
    assert!(
        person
            .wait_answer(&second)
            .await
            .unwrap()
            .text
            .contains("earlier step")
    );
    world.rest().await;
    let told = person
        .history()
        .iter()
        .filter(|said| said.text.contains("fields you entered are deleted"))
        .count();
    assert_eq!(told, 1);
    link(&person, "main", &values).await;

    // The second tap may come before the question is gone.
    world.telegram.expect_error("message to delete not found");
    person.say("/unlink");
    let question = person.wait_text("Unlink main (@seedling)").await.unwrap();
    let first = person.tap(question.id, "Keep").unwrap();
    let second = person.tap_data(
        question.id,
        question.button("Keep").unwrap().data().unwrap(),
    );
    person.wait_answer(&first).await.unwrap();
    person.wait_answer(&second).await.unwrap();
    world.rest().await;
    verify(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_second_tap_on_a_rotations_button_asks_about_the_flow_that_is_open() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let fresh = world.regenerated_token(&app, &user);

    person.say("/rotate");
    let question = person.wait_text("What did you regenerate").await.unwrap();
    person.tap(question.id, "Token pair").unwrap();
    person.wait_text("Step 1 of 2").await.unwrap();
    person.tap(question.id, "All four").unwrap();
    let asked = person
        .wait_text("You are replacing the credentials of main")
        .await
        .unwrap();
    assert_eq!(asked.labels(), ["Continue", "Cancel it"]);
    person.press("Continue").unwrap();
    person.wait_text("Step 1 of 2").await.unwrap();
    enter(&person, &[&fresh.token, &fresh.secret], 2).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_button_of_another_persons_account_does_nothing() {
    let world = World::start().await;
    let (ada, eve) = (world.person(), world.person());
    let (_, _, values) = world.working_values("seedling");
    let result = link(&ada, "main", &values).await;
    let again = result
        .button("Check again")
        .unwrap()
        .data()
        .unwrap()
        .to_owned();
    ada.say("/unlink");
    let question = ada.wait_text("Unlink main").await.unwrap();
    let erase = question.button("Erase").unwrap().data().unwrap().to_owned();
    ada.say("/rotate");
    let question = ada.wait_text("What did you regenerate").await.unwrap();
    let all = question
        .button("All four")
        .unwrap()
        .data()
        .unwrap()
        .to_owned();
    eve.say("/start");
    let message = eve.wait_text("I connect your X account").await.unwrap();

    let calls = world.x.calls().len();
    for data in [&again, &erase, &all] {
        let tapped = eve.tap_data(message.id, data);
        let answer = eve.wait_answer(&tapped).await.unwrap();
        assert!(
            answer.text.contains("This account is no longer linked"),
            "{answer:?}"
        );
    }
    world.rest().await;
    assert_eq!(eve.chat().from_bot().count(), 1, "{}", eve.chat());
    assert_eq!(world.x.calls().len(), calls);
    assert_eq!(world.count("SELECT count(*) FROM dialogues").await, 0);
    verify(&ada, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_button_of_another_persons_flow_does_nothing() {
    let world = World::start().await;
    let (ada, eve) = (world.person(), world.person());
    let (_, _, values) = world.working_values("seedling");
    let card = begin(&ada, "main").await;
    let cancel = card.button("Cancel").unwrap().data().unwrap().to_owned();
    let own = begin(&eve, "main").await;

    let tapped = eve.tap_data(own.id, &cancel);
    let answer = eve.wait_answer(&tapped).await.unwrap();
    assert!(answer.text.contains("earlier step"), "{answer:?}");
    enter(&ada, &in_order(&values), 4).await;
    verdict(&ada, "connected").await;
    enter(&eve, &in_order(&values), 4).await;
    verdict(&eve, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn made_up_buttons_are_answered_and_do_nothing() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let card = begin(&person, "main").await;
    enter(&person, &in_order(&values)[..1], 4).await;

    let flow = card.button("Cancel").unwrap().data().unwrap().to_owned();
    let other_step = flow.replace("v1:cancel", "v1:anyway").replace(":1", ":3");
    for data in [
        "",
        "v1",
        "v0:guide",
        "v1:erase:xxx",
        "nonsense",
        "v1:cancel:ffffffff:3",
        "v1:erase:AAAAAAAAAAAAAAAAAAAAAA",
    ] {
        let tapped = person.tap_data(card.id, data);
        let answer = person.wait_answer(&tapped).await.unwrap();
        assert_ne!(answer.text, "", "{data}");
    }
    // Of the right flow and step, but not a button of this state.
    let tapped = person.tap_data(card.id, &other_step);
    person.wait_answer(&tapped).await.unwrap();
    world.rest().await;
    assert_eq!(world.values().await, 1);
    enter_from(&person, 2, &in_order(&values)[1..], 4).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_button_of_an_erased_account_says_that_it_is_gone() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let result = link(&person, "main", &values).await;
    person.say("/unlink main");
    let question = person.wait_text("Unlink main").await.unwrap();
    person.press("Erase").unwrap();
    person
        .wait_text("and its credentials are deleted")
        .await
        .unwrap();

    for (message, label) in [(result.id, "Check again"), (question.id, "Erase")] {
        let tapped = person.tap(message, label).unwrap();
        let answer = person.wait_answer(&tapped).await.unwrap();
        assert!(answer.text.contains("no longer linked"), "{answer:?}");
    }
    link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn a_flow_goes_on_after_its_card_was_deleted_by_the_user() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let fresh = world.regenerated_token(&app, &user);
    rotate(&person, "Token pair").await;
    world.telegram.add_fault(
        addx_sim::telegram::Fault::on(
            "editMessageText",
            addx_sim::telegram::FaultKind::BadRequest("message to edit not found".to_owned()),
        )
        .once(),
    );
    enter(&person, &[&fresh.token, &fresh.secret], 2).await;
    verdict(&person, "connected").await;
    world.finish().await;
}
