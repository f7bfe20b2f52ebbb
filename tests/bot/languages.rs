//! In which language the bot writes: guessed for newcomers, chosen by everybody.

use crate::harness::{World, in_order, link};

#[tokio::test]
async fn a_newcomer_is_written_to_in_the_language_that_telegram_names() {
    let mut world = World::start().await;
    let person = world.person();
    world.telegram.set_language(person.id(), "es-MX");
    let (_, _, values) = world.working_values("seedling");

    person.say("/start");
    let welcome = person.wait_text("Conecto tu cuenta de X").await.unwrap();
    assert_eq!(welcome.labels(), ["Vincular cuenta de X", "Guía"]);
    assert_eq!(world.count("SELECT count(*) FROM languages").await, 0);
    person.say("/addx main");
    for (step, value) in in_order(&values).into_iter().enumerate() {
        let card = format!("Paso {} de 4", step + 1);
        person.wait_text(&card).await.unwrap();
        if step == 3 {
            // What is drawn and promised by others than the update's own turn is in Spanish too.
            world.restart_bot().await;
        }
        person.say(value);
    }
    let answer = person
        .wait_text("main está conectada como @seedling")
        .await
        .unwrap();
    assert!(answer.text.ends_with("Código: connected"), "{answer}");
    // Now there is an account, and the language stays.
    person.say("/accounts");
    person.wait_text("puede leer y escribir").await.unwrap();
    person.say("/mydata");
    let data = person.wait_text("Todo lo guardado").await.unwrap();
    let (_, json) = data.file.unwrap();
    assert!(json.contains("\"language\": \"es\""), "{json}");
    let english = ["Step", "Your", "connected as", "Check again"];
    for message in person.history().iter().filter(|message| message.from_bot) {
        let labels = message.labels().join(" ");
        for word in english {
            assert!(!message.text.contains(word), "{message}");
            assert!(!labels.contains(word), "{message}");
        }
    }
    world.finish().await;
}

#[tokio::test]
async fn a_language_that_is_chosen_holds_for_cards_answers_and_toasts_and_survives_a_restart() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;

    person.say("/addx second");
    person.wait_text("Step 1 of 4").await.unwrap();
    person.say("/language");
    let question = person.wait_text("Which language").await.unwrap();
    assert_eq!(question.labels(), ["English", "Español"]);
    person.press("Español").unwrap();
    person.wait_text("Escribiré en español").await.unwrap();
    // The card of the open dialog, too.
    person.wait_text("Paso 1 de 4").await.unwrap();
    world.restart_bot().await;
    person.say("/cancel");
    person
        .wait_text("Aún no habías escrito nada")
        .await
        .unwrap();
    person.say("/verify");
    person.wait_text("Sin cambios desde").await.unwrap();
    person.say("/language");
    person.wait_text("¿Qué idioma").await.unwrap();
    person.press("English").unwrap();
    person.wait_text("I will write in English").await.unwrap();
    world.finish().await;
}

#[tokio::test]
async fn somebody_with_accounts_keeps_english_until_they_choose() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    world.telegram.set_language(person.id(), "es");
    person.say("/accounts");
    person.wait_text("Your accounts").await.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM languages").await, 0);
    world.finish().await;
}

#[tokio::test]
async fn the_menu_and_the_profile_are_registered_in_every_language() {
    let world = World::start().await;
    let menu = |code: &str| world.telegram.commands("all_private_chats", code);
    let calls = |method| world.telegram.calls_to(method).len();
    let wait = world
        .telegram
        .wait_until("both profiles", |_| calls("setMyShortDescription") == 2);
    wait.await.unwrap();
    assert_eq!(calls("setMyDescription"), 2);
    let names =
        |code: &str| -> Vec<String> { menu(code).into_iter().map(|(name, _)| name).collect() };
    assert_eq!(names(""), names("es"));
    for (english, spanish) in menu("").into_iter().zip(menu("es")) {
        assert_ne!(english.1, spanish.1);
        for about in [english.1, spanish.1] {
            assert!(about.chars().count() <= 45, "{about}");
        }
    }
    world.finish().await;
}
