//! `/history` and `/mydata`: what is kept about a user, for that user alone.

use addx_sim::telegram::Person;
use serde_json::Value;

use crate::harness::{HOUR, MINUTE, World, enter, in_order, link, rotate, verdict, verify};

/// What `/mydata` gives.
async fn my_data(world: &World, person: &Person) -> Value {
    person.mark();
    person.say("/mydata");
    let said = person.wait_text("Everything stored about you").await;
    let said = said.unwrap();
    world.rest().await;
    let (name, json) = said.file.unwrap();
    assert_eq!(name, "mydata.json");
    serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}\n{json}"))
}

async fn history(person: &Person) -> Vec<String> {
    person.say("/history");
    let said = person.wait_text("What happened").await.unwrap();
    let lines = said.text.lines().skip(2);
    lines.map(str::to_owned).collect()
}

#[tokio::test]
async fn the_history_has_what_was_done_newest_first_and_nobody_elses() {
    let world = World::start().await;
    let (ada, bea) = (world.person(), world.person());
    ada.say("/history");
    ada.wait_text("Nothing has happened yet").await.unwrap();
    let (user, app, values) = world.working_values("seedling");
    let (_, _, others) = world.working_values("other");
    link(&ada, "main", &values).await;
    link(&bea, "hers", &others).await;
    world.advance(HOUR);
    let token = world.regenerated_token(&app, &user);
    verify(&ada, "access_token_rejected").await;
    rotate(&ada, "Token pair").await;
    enter(&ada, &[&token.token, &token.secret], 2).await;
    verdict(&ada, "connected").await;
    let lines = history(&ada).await;
    let wanted = [
        "13:00 UTC main: new credentials in use connected",
        "13:00 UTC main: checked with X access_token_rejected",
        "12:00 UTC main: checked with X connected",
        "12:00 UTC main: linked",
    ];
    assert_eq!(lines, wanted);

    ada.say("/unlink");
    ada.wait_text("This cannot be undone").await.unwrap();
    ada.press("Erase").unwrap();
    ada.wait_text("and its credentials are deleted")
        .await
        .unwrap();
    let lines = history(&ada).await;
    // The name is erased with the account.
    assert_eq!(lines.len(), 5, "{lines:?}");
    assert_eq!(lines[0], "13:00 UTC: deleted");
    assert!(lines.iter().all(|line| !line.contains("main")), "{lines:?}");
    world.finish().await;
}

#[tokio::test]
async fn my_data_is_everything_less_the_secrets_and_nobody_elses() {
    let mut world = World::without_bot().await;
    let (ada, bea, owner) = (world.person(), world.person(), world.person());
    world.owner = Some(owner.id());
    world.start_bot().await;
    owner.say("/start");
    owner.wait_text("I connect your X account").await.unwrap();
    let (_, _, values) = world.working_values("seedling");
    let (_, _, others) = world.working_values("other");
    for person in [&ada, &bea] {
        person.say("hello");
        owner
            .wait_text(&format!("({}) wants", person.id()))
            .await
            .unwrap();
        owner.press("Approve").unwrap();
        person.wait_text("approved you").await.unwrap();
    }
    link(&bea, "hers", &others).await;
    let empty = my_data(&world, &ada).await;
    assert_eq!(empty["telegram_user_id"], ada.id());
    assert_eq!(empty["accounts"].as_array().map(Vec::len), Some(0));
    assert_eq!(empty["access"]["first_name"], "Ada");
    assert_eq!(empty["access"]["standing"], "granted");

    link(&ada, "main", &values).await;
    world.advance(MINUTE);
    ada.say("/mydata");
    ada.wait_text("Send /mydata again in 59 min").await.unwrap();
    world.advance(HOUR);
    let data = my_data(&world, &ada).await;
    let account = &data["accounts"][0];
    assert_eq!(account["name"], "main", "{data}");
    assert_eq!(account["x_account"]["username"], "seedling", "{data}");
    assert_eq!(
        account["values"].as_array().map(Vec::len),
        Some(4),
        "{data}"
    );
    let events: Vec<&str> = data["history"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["event"].as_str())
        .collect();
    assert_eq!(events, ["check", "link", "access_grant", "access_request"]);
    let text = data.to_string();
    for value in in_order(&values) {
        assert!(!text.contains(value), "{text}");
    }
    for hers in ["hers", "other", &bea.id().to_string()] {
        assert!(!text.contains(hers), "{hers} stands in {text}");
    }
    world.finish().await;
}

#[tokio::test]
async fn my_data_is_one_file_however_much_there_is_and_has_drafts_too() {
    let world = World::start().await;
    let ada = world.person();
    for number in 0..3 {
        let (_, _, values) = world.working_values(&format!("seedling{number}"));
        link(&ada, &format!("account{number}"), &values).await;
        world.advance(HOUR);
    }
    let note = ada.say("A thought of mine");
    ada.reply_to(note.message_id, "/post account1");
    ada.wait_text("Publish this").await.unwrap();
    let before = ada.chat().from_bot().count();
    let data = my_data(&world, &ada).await;
    assert_eq!(ada.chat().from_bot().count(), before + 1);
    assert_eq!(data["accounts"].as_array().map(Vec::len), Some(3), "{data}");
    assert_eq!(data["posts"][0]["text"], "A thought of mine", "{data}");
    assert_eq!(data["posts"][0]["state"], "draft", "{data}");
    assert_eq!(data["history"].as_array().map(Vec::len), Some(6), "{data}");
    world.finish().await;
}

#[tokio::test]
async fn the_privacy_page_names_what_is_kept_and_how_to_see_it() {
    let world = World::start().await;
    let ada = world.person();
    ada.say("/privacy");
    let page = ada.wait_text("What is stored").await.unwrap();
    for named in [
        "/history",
        "/mydata",
        "stay after /unlink",
        "hold no credentials",
        "your first name at the time you asked",
    ] {
        assert!(page.text.contains(named), "{named} is not in {page}");
    }
    world.finish().await;
}
