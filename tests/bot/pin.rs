//! The token pair from X with a PIN: in `/addx`, in `/rotate`, with an app that is there, and whatever X answers.

use addx_sim::{
    telegram::{ButtonKind, Person, SeenMessage},
    x::{Answer, App, AppPermission, CallbackSetting, Fault, FourValues, XUser, answers},
};

use crate::harness::{
    ME, MINUTE, World, begin, enter, in_order, labelled, link, rotate, shown, verdict,
};

const REQUEST: &str = "/oauth/request_token";
const ACCESS: &str = "/oauth/access_token";
pub(crate) const BUTTON: &str = "Get it from X with a PIN";
pub(crate) const ASKED: &str = "X shows a PIN of about 7 digits";

/// Where a button leads.
fn url(card: &SeenMessage) -> url::Url {
    match &card.button("Open X").unwrap().kind {
        ButtonKind::Url(url) => url.parse().unwrap(),
        other => panic!("no link: {other:?}"),
    }
}

fn parameter(url: &url::Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}

/// What a user does behind the button: the PIN.
pub(crate) fn authorize(world: &World, card: &SeenMessage, user: &XUser) -> String {
    let token = parameter(&url(card), "oauth_token").unwrap();
    world.x.authorize(&token, user).unwrap()
}

/// The codes that this file plays.
pub(crate) const CODES: [&str; 4] = [
    "pin_of_other_account",
    "callback_not_set",
    "pin_rejected",
    "pin_spent",
];

/// Two pastes, and X's word on them: the card of the third step.
async fn two_pastes(world: &World, person: &Person, key: &str, secret: &str) -> SeenMessage {
    begin(person, "main").await;
    enter(person, &[key, secret], 4).await;
    let card = person.wait_text("✅ X accepts this API key pair").await;
    world.rest().await;
    card.unwrap()
}

/// Up to the card with the link.
async fn up_to_link(world: &World, person: &Person, key: &str, secret: &str) -> SeenMessage {
    two_pastes(world, person, key, secret).await;
    world.x.forget_calls();
    person.press(BUTTON).unwrap();
    person.wait_text(ASKED).await.unwrap()
}

/// From the card with the link to X's verdict.
async fn finish_link(world: &World, person: &Person, card: &SeenMessage, user: &XUser) {
    let pin = authorize(world, card, user);
    let sent = person.say(&pin);
    person.wait_text("X issued a token for").await.unwrap();
    person.wait_deleted(sent.message_id).await.unwrap();
    // What X gave out must not be seen at the end either.
    world.canary(&pin);
    for pair in world.x.token_pairs() {
        world.canary(&pair.token);
        world.canary(&pair.secret);
    }
    person.press("Yes, this one").unwrap();
    let result = verdict(person, "connected").await;
    let connected = format!("is connected as @{}", user.username);
    assert!(result.text.contains(&connected), "{result}");
    world.rest().await;
    let left = "SELECT (SELECT count(*) FROM temporary_credentials) + (SELECT count(*) FROM jobs WHERE kind = 'pin')";
    assert_eq!(world.count(left).await, 0);
}

fn calls(world: &World) -> Vec<String> {
    world.x.calls().into_iter().map(|call| call.path).collect()
}

#[tokio::test]
async fn a_newcomer_links_with_two_pastes_and_a_pin() {
    let world = World::start().await;
    let person = world.person();
    let (owner, app, values) = world.working_values("company");
    let user = world.x.new_user("seedling");
    let [key, secret, ..] = in_order(&values);

    let card = two_pastes(&world, &person, key, secret).await;
    assert_eq!(card.labels(), [BUTTON, "Guide", "Back", "Cancel"]);
    world.x.forget_calls();
    person.press(BUTTON).unwrap();
    let card = person.wait_text(ASKED).await.unwrap();
    insta::assert_snapshot!(shown(&card), @"
    🔑 main · Step 3 of 3

    ✓ API Key
    ✓ API Secret
    ✅ X accepts this API key pair.

    Get the token pair from X with a PIN
    1. Tap Open X. Log in with the X account you want to link.
    2. X shows your app's name and its permissions. Tap Authorize app.
    3. X shows a PIN of about 7 digits. Send it here.

    Is someone else logged in to X there? Press and hold Open X, copy the link, and open it in a private window.

    I delete your message right away. The authorization link is valid for 30 minutes. The PIN works once. No Access Secret passes through this chat.
    [Open X]
    [Get a new link]
    [Back][Cancel]
    ");
    let link = url(&card);
    assert!(link.as_str().starts_with(&world.x.url()), "{link}");
    assert_eq!(link.path(), "/oauth/authorize");
    assert_eq!(parameter(&link, "force_login").as_deref(), Some("true"));
    assert_eq!(parameter(&link, "screen_name"), None);

    let pin = authorize(&world, &card, &user);
    let sent = person.say(&format!(" {}-{} ", &pin[..3], &pin[3..]));
    let card = person.wait_text("X issued a token for").await.unwrap();
    person.wait_deleted(sent.message_id).await.unwrap();
    insta::assert_snapshot!(shown(&card).replace(&user.id.to_string(), "USER"), @"
    🔑 main · Step 3 of 3

    ✓ API Key
    ✓ API Secret
    ✓ Access Token
    ✓ Access Secret
    ✅ X accepts this API key pair.

    X issued a token for @seedling (user ID USER). Link it?
    [Yes, this one]
    [No, another account]
    [No, and revoke it at X]
    [Back][Cancel]
    ");
    assert_eq!(world.count("SELECT count(*) FROM accounts").await, 0);
    person.press("Yes, this one").unwrap();
    let result = verdict(&person, "connected").await;
    assert!(result.text.contains("main is connected as @seedling"));
    world.rest().await;
    assert_eq!(calls(&world), [REQUEST, ACCESS, ME]);
    assert_eq!(world.values().await, 4);
    let _ = (owner, app);
    world.finish().await;
}

/// A person before the button, and X around them.
struct Stage {
    world: World,
    person: Person,
    user: XUser,
    app: App,
    values: FourValues,
}

impl Stage {
    async fn set() -> Self {
        let world = World::start().await;
        let person = world.person();
        let (user, app, values) = world.working_values("seedling");
        Self {
            world,
            person,
            user,
            app,
            values,
        }
    }

    async fn step_3(&self) -> SeenMessage {
        let [key, secret, ..] = in_order(&self.values);
        two_pastes(&self.world, &self.person, key, secret).await
    }

    async fn link_card(&self) -> SeenMessage {
        let [key, secret, ..] = in_order(&self.values);
        up_to_link(&self.world, &self.person, key, secret).await
    }

    async fn says(&self, text: &str) -> SeenMessage {
        self.person.wait_text(text).await.unwrap()
    }

    /// The card that tells this code, with these buttons above "Back" and "Cancel".
    async fn fails(&self, code: &str, buttons: &[&str]) -> SeenMessage {
        let card = self.says(&format!("\n\nCode: {code}")).await;
        let mut wanted = buttons.to_vec();
        wanted.extend(["Back", "Cancel"]);
        assert_eq!(card.labels(), wanted, "{card}");
        card
    }

    /// Another link after a failure, and with it to the end.
    async fn recovers(self, button: &str) {
        self.person.press(button).unwrap();
        let card = self.says(ASKED).await;
        self.ends(&card).await;
    }

    async fn ends(self, card: &SeenMessage) {
        finish_link(&self.world, &self.person, card, &self.user).await;
        assert_eq!(self.world.values().await, 4);
        self.world.finish().await;
    }
}

#[tokio::test]
async fn without_a_callback_uri_the_field_and_an_address_to_copy_are_named() {
    for callback in [
        CallbackSetting::Missing,
        CallbackSetting::NotApproved,
        CallbackSetting::NotApprovedXml,
    ] {
        let stage = Stage::set().await;
        stage.app.set_callback(callback);
        stage.step_3().await;
        stage.person.press(BUTTON).unwrap();
        let buttons = ["Copy the address", "It is saved, try again"];
        let card = stage.fails("callback_not_set", &buttons).await;
        let copy = ButtonKind::CopyText("https://example.com/callback".to_owned());
        assert_eq!(card.button("Copy the address").unwrap().kind, copy);
        assert!(card.text.contains("X accepts this API key pair"), "{card}");
        if callback == CallbackSetting::Missing {
            insta::assert_snapshot!(card.text, @"
            🔑 main · Step 3 of 3

            ✓ API Key
            ✓ API Secret
            ✅ X accepts this API key pair.

            ⚠️ PIN: X needs a Callback URI in the app's settings first
            X accepts the API key pair. It issues PINs only for apps with a Callback URI. Any address works; it is never opened.

            1. In X: console.x.com → your app → User authentication settings → Set up (or Edit).
            2. App permissions Read and write, Callback URI https://example.com/callback, Website URL https://example.com → Save.
            3. Tap It is saved, try again.

            Code: callback_not_set
            ");
        }
        // Not saved after all: said again, below the same card.
        stage.person.press("It is saved, try again").unwrap();
        stage.fails("callback_not_set", &buttons).await;
        stage.app.set_callback(CallbackSetting::Saved);
        stage.recovers("It is saved, try again").await;
    }
}

#[tokio::test]
async fn whatever_x_says_instead_of_a_link_has_a_next_step_and_a_way_on() {
    type Set = fn(&Stage);
    let cases: [(Set, &str, &str, Set); 5] = [
        (
            |stage| stage.app.suspend(),
            "app_suspended",
            "notice",
            |stage| stage.app.set_suspended(false),
        ),
        (
            |stage| stage.world.x.force(REQUEST, answers::unavailable()),
            "x_unavailable",
            "in a few minutes",
            |stage| stage.world.x.clear(REQUEST),
        ),
        (
            |stage| stage.world.x.force(REQUEST, Fault::DropConnection),
            "x_unavailable",
            "in a few minutes",
            |stage| stage.world.x.clear(REQUEST),
        ),
        (
            |stage| {
                let pause = answers::too_many_requests().header("retry-after", "60");
                stage.world.x.force(REQUEST, pause);
            },
            "rate_limited",
            "Try again at 12:01 UTC",
            |stage| stage.world.x.clear(REQUEST),
        ),
        (
            |stage| stage.world.x.force(REQUEST, answers::code(135)),
            "clock_skew",
            "operator",
            |stage| stage.world.x.clear(REQUEST),
        ),
    ];
    for (spoil, code, next_step, mend) in cases {
        let stage = Stage::set().await;
        stage.step_3().await;
        spoil(&stage);
        stage.person.press(BUTTON).unwrap();
        let card = stage.fails(code, &["Try again"]).await;
        assert!(card.text.contains(next_step), "{card}");
        mend(&stage);
        stage.recovers("Try again").await;
    }
}

#[tokio::test]
async fn an_answer_that_nobody_knows_shows_xs_words() {
    let stage = Stage::set().await;
    stage.step_3().await;
    let odd = Answer::text(418, "I'm a <teapot>");
    stage.world.x.answer_next(REQUEST, odd);
    stage.person.press(BUTTON).unwrap();
    let card = stage.fails("unexpected", &["Try again"]).await;
    assert!(card.text.contains("HTTP 418: “I'm a <teapot>”"), "{card}");
    stage.recovers("Try again").await;
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_in_seconds_and_blames_no_key() {
    let stage = Stage::set().await;
    stage.step_3().await;
    stage.world.x.set_clock_offset(900);
    stage.person.press(BUTTON).unwrap();
    let card = stage.fails("clock_skew", &["Try again"]).await;
    assert!(card.text.contains("900 s behind X"), "{card}");
    assert!(
        card.text.contains("✅ X accepts this API key pair"),
        "{card}"
    );
    stage.world.x.set_clock_offset(0);
    stage.recovers("Try again").await;
}

#[tokio::test]
async fn a_key_pair_that_x_refuses_is_entered_again() {
    let stage = Stage::set().await;
    stage.step_3().await;
    let pair = stage.world.regenerated_keys(&stage.app);
    stage.person.press(BUTTON).unwrap();
    let button = "Enter API key pair again";
    let card = stage.fails("api_key_pair_rejected", &[button]).await;
    assert!(card.text.contains("tap Enter API key pair again"), "{card}");
    stage.person.press(button).unwrap();
    stage.says("Step 1 of 4").await;
    enter(&stage.person, &[&pair.key, &pair.secret], 4).await;
    stage.says("✅ X accepts this API key pair").await;
    stage.recovers(BUTTON).await;
}

#[tokio::test]
async fn a_mistyped_pin_can_be_sent_again_for_the_same_link() {
    let stage = Stage::set().await;
    let card = stage.link_card().await;
    let pin = authorize(&stage.world, &card, &stage.user);
    let wrong = if pin == "7654321" {
        "1234567"
    } else {
        "7654321"
    };
    let sent = stage.person.say(wrong);
    let failed = stage.fails("pin_rejected", &["Get a new link"]).await;
    insta::assert_snapshot!(failed.text, @"
    🔑 main · Step 3 of 3

    ✓ API Key
    ✓ API Secret
    ✅ X accepts this API key pair.

    ⛔ PIN: X rejected this PIN
    The PIN is mistyped, already used, expired, or from another link.

    If it was mistyped, send it again. Otherwise tap Get a new link and send the new PIN.

    Code: pin_rejected
    ");
    stage.person.wait_deleted(sent.message_id).await.unwrap();
    stage.person.say(&pin);
    stage.says("X issued a token for @seedling").await;
    stage.person.press("Yes, this one").unwrap();
    verdict(&stage.person, "connected").await;
    stage.world.finish().await;
}

#[tokio::test]
async fn a_pin_that_is_too_old_or_of_another_link_leads_to_a_new_link() {
    let stage = Stage::set().await;
    let card = stage.link_card().await;
    let old = authorize(&stage.world, &card, &stage.user);
    stage.world.x.forget_request_tokens();
    stage.person.say(&old);
    stage.fails("pin_rejected", &["Get a new link"]).await;
    stage.person.press("Get a new link").unwrap();
    let card = stage.says(ASKED).await;
    // The PIN of the link before.
    stage.person.say(&old);
    stage.fails("pin_rejected", &["Get a new link"]).await;
    // The link is still good.
    stage.ends(&card).await;
}

#[tokio::test]
async fn a_link_of_half_an_hour_ago_is_known_to_be_too_old_without_asking_x() {
    let stage = Stage::set().await;
    let card = stage.link_card().await;
    let pin = authorize(&stage.world, &card, &stage.user);
    stage.world.advance(MINUTE * 20);
    stage.person.say("one moment");
    stage.says("That is not a PIN").await;
    stage.world.advance(MINUTE * 11);
    stage.person.say(&pin);
    stage.fails("pin_rejected", &["Get a new link"]).await;
    assert_eq!(calls(&stage.world), [REQUEST]);
    stage.recovers("Get a new link").await;
}

#[tokio::test]
async fn when_x_does_not_answer_the_pin_is_kept_and_tried_again() {
    let faults: [fn() -> Fault; 4] = [
        || answers::unavailable().into(),
        || Fault::DropConnection,
        || answers::too_many_requests().into(),
        || answers::code(135).into(),
    ];
    for fault in faults {
        let stage = Stage::set().await;
        let card = stage.link_card().await;
        let pin = authorize(&stage.world, &card, &stage.user);
        stage.world.x.answer_next(ACCESS, fault());
        stage.person.say(&pin);
        let card = stage.says("Your PIN is stored encrypted").await;
        assert_eq!(
            card.labels(),
            ["Try again", "Get a new link", "Back", "Cancel"]
        );
        stage.person.press("Try again").unwrap();
        stage.says("X issued a token for @seedling").await;
        stage.person.press("Yes, this one").unwrap();
        verdict(&stage.person, "connected").await;
        stage.world.finish().await;
    }
}

#[tokio::test]
async fn a_pin_whose_answer_was_lost_is_told_from_a_wrong_one() {
    let stage = Stage::set().await;
    let card = stage.link_card().await;
    let pin = authorize(&stage.world, &card, &stage.user);
    stage.world.x.answer_next(ACCESS, Fault::DropConnection);
    stage.person.say(&pin);
    stage.says("Your PIN is stored encrypted").await;
    // X had taken it.
    stage.world.x.forget_request_tokens();
    stage.person.press("Try again").unwrap();
    stage.fails("pin_spent", &["Get a new link"]).await;
    stage.recovers("Get a new link").await;
}

#[tokio::test]
async fn an_app_that_x_suspends_before_the_pin_is_given_is_named() {
    let stage = Stage::set().await;
    let card = stage.link_card().await;
    let pin = authorize(&stage.world, &card, &stage.user);
    stage.app.suspend();
    stage.person.say(&pin);
    let buttons = ["Try again", "Get a new link"];
    stage.fails("app_suspended", &buttons).await;
    stage.app.set_suspended(false);
    stage.person.press("Try again").unwrap();
    stage.says("X issued a token for @seedling").await;
    stage.person.press("Yes, this one").unwrap();
    verdict(&stage.person, "connected").await;
    stage.world.finish().await;
}

#[tokio::test]
async fn authorised_as_the_wrong_account_nothing_is_kept_and_a_private_window_is_offered() {
    let stage = Stage::set().await;
    let other = stage.world.x.new_user("somebody");
    let card = stage.link_card().await;
    stage.person.say(&authorize(&stage.world, &card, &other));
    stage.says("X issued a token for @somebody").await;
    // A text is no tap.
    let sent = stage.person.say("yes");
    stage.says("Please tap a button first").await;
    stage.person.wait_deleted(sent.message_id).await.unwrap();
    stage.person.press("No, another account").unwrap();
    let card = stage.says(ASKED).await;
    assert!(card.text.contains("private browser window"), "{card}");
    assert!(
        card.text.contains("At X it stays valid until you"),
        "{card}"
    );
    assert!(card.text.contains("Connected apps"), "{card}");
    assert!(!card.text.contains("✓ Access Token"), "{card}");
    assert_eq!(stage.world.values().await, 2);
    stage.ends(&card).await;
}

#[tokio::test]
async fn a_token_that_can_only_read_is_replaced_with_a_pin_after_the_setting() {
    let stage = Stage::set().await;
    stage.app.set_permission(AppPermission::Read);
    let card = stage.link_card().await;
    stage
        .person
        .say(&authorize(&stage.world, &card, &stage.user));
    stage.says("X issued a token for").await;
    stage.person.press("Yes, this one").unwrap();
    let result = verdict(&stage.person, "read_only").await;
    assert!(
        result.text.contains("User authentication settings"),
        "{result}"
    );
    assert!(result.text.contains("with a PIN"), "{result}");
    stage.app.set_permission(AppPermission::ReadWrite);
    stage.person.press("Send new token pair").unwrap();
    stage.says("Step 1 of 2").await;
    stage.person.press(BUTTON).unwrap();
    let card = stage.says(ASKED).await;
    stage.ends(&card).await;
}

#[tokio::test]
async fn a_rotation_takes_the_token_of_the_linked_account_only() {
    let stage = Stage::set().await;
    let (person, world) = (&stage.person, &stage.world);
    let other = world.x.new_user("other");
    link(person, "main", &stage.values).await;
    rotate(person, "Token pair").await;
    world.x.forget_calls();
    person.press(BUTTON).unwrap();
    let card = stage.says(ASKED).await;
    assert!(card.text.contains("Step 1 of 1"), "{card}");
    let handle = parameter(&url(&card), "screen_name");
    assert_eq!(handle.as_deref(), Some("seedling"));

    person.say(&authorize(world, &card, &other));
    let failed = stage
        .fails("pin_of_other_account", &["Get a new link"])
        .await;
    insta::assert_snapshot!(failed.text, @"
    🔄 main · new credentials · Step 1 of 1

    ⛔ PIN: that was @other; expected @seedling
    You were logged in to X as @other when you authorized the app. That token is not stored. Link @other separately with /addx.
    At X the token stays valid until you revoke it. As that X account: x.com → Settings → Security and account access → Apps and sessions → Connected apps → the app → Revoke app permissions. This revokes all of the app's tokens for the account.

    Tap Get a new link, open it in a private browser window, and log in to X as @seedling.

    Code: pin_of_other_account
    ");
    assert_eq!(world.candidates().await, 0);
    person.press("Get a new link").unwrap();
    let card = stage.says(ASKED).await;
    person.say(&authorize(world, &card, &stage.user));
    stage.says("Use the new token?").await;
    assert_eq!(world.values().await, 6);
    person.press("Yes, this one").unwrap();
    let result = verdict(person, "connected").await;
    assert!(
        result.text.contains("The new credentials are in use"),
        "{result}"
    );
    assert_eq!(calls(world), [REQUEST, ACCESS, REQUEST, ACCESS, ME]);
    assert_eq!(world.values().await, 4);
    stage.world.finish().await;
}

#[tokio::test]
async fn a_rotation_of_all_four_gets_its_token_from_the_new_app() {
    let stage = Stage::set().await;
    let (person, world) = (&stage.person, &stage.world);
    link(person, "main", &stage.values).await;
    let app = world.x.new_app(&stage.user, AppPermission::ReadWrite);
    rotate(person, "All four").await;
    let pair = app.key_pair();
    world.canary(&pair.key);
    world.canary(&pair.secret);
    enter(person, &[&pair.key, &pair.secret], 4).await;
    stage.says("✅ X accepts this API key pair").await;
    person.press(BUTTON).unwrap();
    let card = stage.says(ASKED).await;
    person.say(&authorize(world, &card, &stage.user));
    stage.says("X issued a token for @seedling").await;
    // Leaving now wipes the token too, and the old values stay.
    person.press("Cancel").unwrap();
    stage.says("The 4 fields you entered are deleted").await;
    assert_eq!((world.values().await, world.candidates().await), (4, 0));
    rotate(person, "All four").await;
    enter(person, &[&pair.key, &pair.secret], 4).await;
    person.press(BUTTON).unwrap();
    let card = stage.says(ASKED).await;
    stage.ends(&card).await;
}

#[tokio::test]
async fn a_key_pair_that_died_is_entered_again_in_a_rotation_of_the_token() {
    let stage = Stage::set().await;
    let person = &stage.person;
    link(person, "main", &stage.values).await;
    let pair = stage.world.regenerated_keys(&stage.app);
    rotate(person, "Token pair").await;
    person.press(BUTTON).unwrap();
    let button = "Enter API key pair again";
    stage.fails("api_key_pair_rejected", &[button]).await;
    person.press(button).unwrap();
    stage.says("Step 1 of 4").await;
    enter(person, &[&pair.key, &pair.secret], 4).await;
    stage.says("✅ X accepts this API key pair").await;
    stage.recovers(BUTTON).await;
}

#[tokio::test]
async fn the_values_themselves_count_while_a_pin_is_asked_for() {
    let stage = Stage::set().await;
    stage.link_card().await;
    let [.., token, secret] = in_order(&stage.values);
    let sent = stage.person.say(&format!("{token}\n{secret}"));
    verdict(&stage.person, "connected").await;
    stage.person.wait_deleted(sent.message_id).await.unwrap();
    stage.world.rest().await;
    assert_eq!(
        stage
            .world
            .count("SELECT count(*) FROM temporary_credentials")
            .await,
        0
    );
    stage.world.finish().await;
}

#[tokio::test]
async fn back_leads_to_pasting_and_every_message_is_deleted_meanwhile() {
    let stage = Stage::set().await;
    let person = &stage.person;
    stage.step_3().await;
    let hold = stage.world.x.hold(REQUEST);
    person.press(BUTTON).unwrap();
    stage.says("Asking X for an authorization link").await;
    let sent = person.say("1234567");
    stage.says("X has not answered yet").await;
    person.wait_deleted(sent.message_id).await.unwrap();
    person.press("Back").unwrap();
    stage.says("Step 3 of 4").await;
    // An answer that nobody waits for any more moves nothing.
    hold.release();
    stage.world.x.wait_calls(REQUEST, 1).await.unwrap();
    stage.world.rest().await;
    let card = person.last_bot_message().unwrap();
    assert!(card.text.contains("Step 3 of 4"), "{card}");
    let left = "SELECT count(*) FROM temporary_credentials";
    assert_eq!(stage.world.count(left).await, 0);

    person.press(BUTTON).unwrap();
    let card = stage.says(ASKED).await;
    for (text, said) in [
        ("hello", "That is not a PIN"),
        ("/nonsense", "I do not know that command"),
        ("12 34", "That is not a PIN"),
    ] {
        let sent = person.say(text);
        stage.says(said).await;
        person.wait_deleted(sent.message_id).await.unwrap();
    }
    let photo = person.send_photo(None);
    stage.says("I can only use text here").await;
    person.wait_deleted(photo.message_id).await.unwrap();
    // A flow that is open asks before it is left.
    person.say("/addx other");
    stage.says("You are linking main").await;
    person.press("Continue").unwrap();
    stage.says(ASKED).await;
    stage.ends(&card).await;
}

#[tokio::test]
async fn leaving_wipes_everything_of_the_pin() {
    let stage = Stage::set().await;
    stage.link_card().await;
    stage.person.press("Cancel").unwrap();
    stage.says("The 2 fields you entered are deleted").await;
    let left = "SELECT (SELECT count(*) FROM temporary_credentials) + (SELECT count(*) FROM jobs WHERE kind = 'pin')
        + (SELECT count(*) FROM data_keys)";
    assert_eq!(stage.world.count(left).await, 0);
    let card = stage.link_card().await;
    stage.world.advance(MINUTE * 31);
    stage.says("Timed out after 30 minutes").await;
    stage.world.rest().await;
    assert_eq!(stage.world.count(left).await, 0);
    drop(card);
    let card = stage.link_card().await;
    stage.ends(&card).await;
}

#[tokio::test]
async fn a_restart_between_any_two_steps_goes_on() {
    let mut stage = Stage::set().await;
    // A card that was drawn when the bot died is drawn once more.
    stage.world.telegram.expect_error("message is not modified");
    stage.step_3().await;
    let hold = stage.world.x.hold(REQUEST);
    stage.person.press(BUTTON).unwrap();
    stage.world.x.wait_arrivals(REQUEST, 1).await.unwrap();
    stage.world.kill_bot().await;
    hold.release();
    stage.world.start_bot().await;
    let card = stage.says(ASKED).await;
    let pin = authorize(&stage.world, &card, &stage.user);
    stage.world.restart_bot().await;
    let hold = stage.world.x.hold(ACCESS);
    stage.person.say(&pin);
    stage.world.x.wait_arrivals(ACCESS, 1).await.unwrap();
    stage.world.kill_bot().await;
    // X had taken it, and its answer came to nobody.
    stage.world.x.forget_request_tokens();
    hold.release();
    stage.world.start_bot().await;
    stage.fails("pin_spent", &["Get a new link"]).await;
    stage.person.press("Get a new link").unwrap();
    let card = stage.says(ASKED).await;
    stage
        .person
        .say(&authorize(&stage.world, &card, &stage.user));
    stage.says("X issued a token for @seedling").await;
    stage.world.restart_bot().await;
    stage.person.press("Yes, this one").unwrap();
    verdict(&stage.person, "connected").await;
    stage.world.finish().await;
}

#[tokio::test]
async fn a_user_gets_so_many_links_an_hour() {
    let stage = Stage::set().await;
    stage.link_card().await;
    for _ in 1..20 {
        stage.person.press("Get a new link").unwrap();
        stage.says(ASKED).await;
    }
    stage.person.press("Get a new link").unwrap();
    let card = stage.says("your 20 authorization links").await;
    assert!(card.text.contains("the next one at 13:00 UTC"), "{card}");
    assert_eq!(stage.world.x.count(REQUEST), 20);
    // Whatever is said keeps the flow open.
    for (text, said) in [
        ("hm", "That is not a PIN"),
        ("/nonsense", "I do not know that command"),
        ("hm", "That is not a PIN"),
    ] {
        stage.world.advance(MINUTE * 21);
        stage.person.say(text);
        stage.says(said).await;
    }
    stage.recovers("Get a new link").await;
}

#[tokio::test]
async fn another_account_uses_the_same_app_and_needs_only_a_pin() {
    let stage = Stage::set().await;
    let (person, world) = (&stage.person, &stage.world);
    let second = world.x.new_user("second");
    link(person, "main", &stage.values).await;
    world.x.forget_calls();
    person.say("/addx shop");
    let card = stage.says("Step 1 of 4").await;
    assert_eq!(card.labels(), ["Use the same app", "Guide", "Cancel"]);
    person.press("Use the same app").unwrap();
    let card = stage.says(ASKED).await;
    finish_link(world, person, &card, &second).await;
    assert_eq!(calls(world), [REQUEST, ACCESS, ME]);
    // Each has its own sealed copy of the key pair.
    let copies = "SELECT count(DISTINCT sealed) FROM sealed_values WHERE field = 'api_secret'";
    assert_eq!(world.count(copies).await, 2);
    person.say("/unlink main");
    stage.says("Unlink main").await;
    person.press("Erase").unwrap();
    stage.says("main and its credentials are deleted").await;
    world.advance(MINUTE);
    person.say("/verify shop");
    let result = verdict(person, "connected").await;
    assert!(
        result.text.contains("shop is connected as @second"),
        "{result}"
    );
    stage.world.finish().await;
}

#[tokio::test]
async fn with_several_apps_the_account_is_named_and_a_pasted_key_counts_too() {
    let stage = Stage::set().await;
    let (person, world) = (&stage.person, &stage.world);
    let (_, _, second) = world.working_values("second");
    link(person, "main", &stage.values).await;
    link(person, "shop", &second).await;
    let card = begin(person, "third").await;
    let offers = ["Use the same app as main", "Use the same app as shop"];
    assert_eq!(card.labels(), [offers[0], offers[1], "Guide", "Cancel"]);
    // Offers are no step: whoever pastes goes on as ever, and then the offer is over.
    let (_, _, third) = world.working_values("third");
    enter(person, &in_order(&third)[..1], 4).await;
    let card = person.last_bot_message().unwrap();
    assert_eq!(card.labels(), ["Guide", "Back", "Cancel"], "{card}");
    person.press("Cancel").unwrap();
    stage.says("Cancelled").await;
    begin(person, "third").await;
    person.say(&labelled(&third));
    verdict(person, "connected").await;
    // The other app, by its button.
    begin(person, "fourth").await;
    person.press("Use the same app as shop").unwrap();
    let card = stage.says(ASKED).await;
    let user = world.x.new_user("fourth");
    finish_link(world, person, &card, &user).await;
    stage.world.finish().await;
}

#[tokio::test]
async fn an_offer_of_an_earlier_card_begins_nothing() {
    let stage = Stage::set().await;
    let (person, world) = (&stage.person, &stage.world);
    link(person, "main", &stage.values).await;
    let offer = begin(person, "shop").await;
    let data = offer.button("Use the same app").unwrap();
    let data = data.data().unwrap().to_owned();
    person.press("Cancel").unwrap();
    stage.says("Cancelled").await;
    person.tap_data(offer.id, &data);
    stage.says("I did not ask for anything").await;
    // In a rotation it has no place either.
    rotate(person, "Token pair").await;
    person.tap_data(offer.id, &data);
    stage.says("Continue with it?").await;
    assert_eq!(world.values().await, 4);
    stage.world.finish().await;
}

/// Up to the question whose token it is, as somebody else than was meant.
async fn wrong_account(stage: &Stage) -> String {
    let other = stage.world.x.new_user("somebody");
    let card = stage.link_card().await;
    stage.person.say(&authorize(&stage.world, &card, &other));
    stage.says("X issued a token for @somebody").await;
    let pairs = stage.world.x.token_pairs();
    let id = other.id.to_string();
    let given = pairs.iter().find(|pair| pair.token.starts_with(&id));
    given.unwrap().token.clone()
}

#[tokio::test]
async fn a_token_of_the_wrong_account_is_revoked_if_the_user_wants_that() {
    const INVALIDATE: &str = "/1.1/oauth/invalidate_token.json";
    let mut stage = Stage::set().await;
    stage.world.telegram.expect_error("message is not modified");
    let token = wrong_account(&stage).await;
    let hold = stage.world.x.hold(INVALIDATE);
    stage.person.press("No, and revoke it at X").unwrap();
    stage.says("Revoking the token of @somebody at X").await;
    stage.world.x.wait_arrivals(INVALIDATE, 1).await.unwrap();
    // A bot that dies meanwhile asks again.
    stage.world.kill_bot().await;
    hold.release();
    stage.world.start_bot().await;
    let card = stage.says(ASKED).await;
    assert!(card.text.contains("That token is revoked at X"), "{card}");
    assert!(!stage.world.x.is_valid_token(&token));
    assert_eq!(stage.world.values().await, 2);
    stage.ends(&card).await;

    // X is down.
    let stage = Stage::set().await;
    let token = wrong_account(&stage).await;
    stage.world.x.force(INVALIDATE, answers::unavailable());
    stage.person.press("No, and revoke it at X").unwrap();
    let card = stage.says(ASKED).await;
    assert!(
        card.text.contains("It is not certain that X revoked"),
        "{card}"
    );
    assert!(card.text.contains("Connected apps"), "{card}");
    assert!(stage.world.x.is_valid_token(&token));
    stage.ends(&card).await;
}

#[tokio::test]
async fn whoever_leaves_with_a_token_in_hand_is_told_that_it_stands() {
    type Leave = fn(&Stage);
    let cases: [Leave; 3] = [
        |stage| {
            stage.person.press("Cancel").unwrap();
        },
        |stage| {
            stage.person.press("Back").unwrap();
        },
        |stage| stage.world.advance(MINUTE * 31),
    ];
    for leave in cases {
        let stage = Stage::set().await;
        wrong_account(&stage).await;
        leave(&stage);
        let told = stage.says("stays valid until you revoke it").await;
        assert!(told.text.contains("a token for @somebody"), "{told}");
        stage.person.say("/cancel");
        stage.says("ancel").await;
        let card = stage.link_card().await;
        stage.ends(&card).await;
    }
}

#[tokio::test]
async fn a_token_that_another_link_may_have_is_not_revoked_from_here() {
    let stage = Stage::set().await;
    link(&stage.person, "main", &stage.values).await;
    begin(&stage.person, "shop").await;
    stage.person.press("Use the same app").unwrap();
    let card = stage.says(ASKED).await;
    stage
        .person
        .say(&authorize(&stage.world, &card, &stage.user));
    let card = stage.says("X issued a token for @seedling").await;
    let labels = ["Yes, this one", "No, another account", "Back", "Cancel"];
    assert_eq!(card.labels(), labels);
    stage.person.press("No, another account").unwrap();
    let card = stage.says(ASKED).await;
    let second = stage.world.x.new_user("second");
    finish_link(&stage.world, &stage.person, &card, &second).await;
    stage.world.finish().await;
}

#[tokio::test]
async fn a_tap_that_xs_answer_overtakes_is_old_and_the_next_one_wipes_what_came_with_it() {
    let stage = Stage::set().await;
    let card = stage.link_card().await;
    let pin = authorize(&stage.world, &card, &stage.user);
    let hold = stage.world.x.hold(ACCESS);
    stage.person.say(&pin);
    let card = stage.says("Sending the PIN to X").await;
    let cancel = card.button("Cancel").unwrap().clone();
    stage.world.x.wait_arrivals(ACCESS, 1).await.unwrap();
    hold.release();
    stage.says("X issued a token for @seedling").await;
    let tapped = stage.person.tap_data(card.id, cancel.data().unwrap());
    let answer = stage.person.wait_answer(&tapped).await.unwrap();
    assert!(answer.text.contains("earlier step"), "{answer:?}");
    stage.person.press("Cancel").unwrap();
    stage.says("are deleted").await;
    let told = stage.says("stays valid until you revoke it").await;
    assert!(told.text.contains("a token for @seedling"), "{told}");
    stage.world.rest().await;
    let left = "SELECT (SELECT count(*) FROM temporary_credentials) + (SELECT count(*) FROM jobs WHERE kind = 'pin')
        + (SELECT count(*) FROM data_keys) + (SELECT count(*) FROM sealed_values)";
    assert_eq!(stage.world.count(left).await, 0);
    let card = stage.link_card().await;
    stage.ends(&card).await;
}

#[tokio::test]
async fn the_same_token_again_is_no_failure() {
    let stage = Stage::set().await;
    stage.world.x.give_same_token(true);
    let card = stage.link_card().await;
    finish_link(&stage.world, &stage.person, &card, &stage.user).await;
    rotate(&stage.person, "Token pair").await;
    stage.person.press(BUTTON).unwrap();
    let card = stage.says(ASKED).await;
    stage
        .person
        .say(&authorize(&stage.world, &card, &stage.user));
    stage.says("Use the new token?").await;
    stage.person.press("Yes, this one").unwrap();
    let result = verdict(&stage.person, "connected").await;
    assert!(
        result.text.contains("main is connected as @seedling"),
        "{result}"
    );
    assert_eq!(stage.world.values().await, 4);
    assert_eq!(stage.world.x.token_pairs().len(), 1);
    stage.world.finish().await;
}

#[tokio::test]
async fn only_an_app_that_x_accepts_is_offered_and_its_values_keep_their_age() {
    let stage = Stage::set().await;
    let (person, world) = (&stage.person, &stage.world);
    let (_, dead, values) = world.working_values("other");
    link(person, "main", &stage.values).await;
    link(person, "dead", &values).await;
    world.regenerated_keys(&dead);
    world.advance(MINUTE);
    person.say("/verify dead");
    verdict(person, "api_key_pair_rejected").await;
    world.advance(MINUTE * 60 * 24);
    let card = begin(person, "shop").await;
    assert_eq!(card.labels(), ["Use the same app", "Guide", "Cancel"]);
    person.press("Use the same app").unwrap();
    let card = stage.says(ASKED).await;
    let ages = "SELECT count(DISTINCT received_at) FROM sealed_values
        WHERE field = 'api_key' AND account_id NOT IN (SELECT account_id FROM accounts WHERE name = 'dead')";
    assert_eq!(world.count(ages).await, 1);
    let second = world.x.new_user("second");
    finish_link(world, person, &card, &second).await;
    stage.world.finish().await;
}

#[tokio::test]
async fn the_same_wrong_answer_twice_changes_the_card_each_time() {
    let stage = Stage::set().await;
    stage.link_card().await;
    stage.person.say("hello");
    stage.says("⚠️ That is not a PIN").await;
    stage.person.say("hello");
    stage.says("⚠️ Again (2×): That is not a PIN").await;
    stage.person.say("hello");
    stage.says("⚠️ Again (3×): That is not a PIN").await;
    stage.person.say("/nonsense");
    let card = stage.says("⚠️ I do not know that command").await;
    stage.ends(&card).await;
}
