//! The demo, driven by scripts like those that are piped into it: the same session, in process.

#![expect(
    clippy::unwrap_used,
    reason = "a failed step of a script is a failed test"
)]

#[path = "../examples/demo/session/mod.rs"]
mod session;

use session::{Manner, Pace};
use tokio::sync::mpsc;

/// Plays a script and returns its transcript.
async fn play(script: &str) -> String {
    play_in("en", script).await
}

/// The same for a person whose Telegram is in this language.
async fn play_in(language: &'static str, script: &str) -> String {
    let (send, lines) = mpsc::unbounded_channel();
    for line in script.lines() {
        send.send(line.trim().to_owned()).unwrap();
    }
    drop(send);
    let manner = Manner {
        pace: Pace::Scripted,
        color: false,
        language,
    };
    let mut transcript = Vec::new();
    session::run(lines, &mut transcript, manner).await.unwrap();
    String::from_utf8(transcript).unwrap()
}

/// What came after a line of the script, up to the next one.
fn after<'a>(transcript: &'a str, line: &str) -> &'a str {
    let (_, rest) = transcript.split_once(&format!("you ▸ {line}\n")).unwrap();
    rest.split("you ▸ ").next().unwrap()
}

#[track_caller]
fn assert_shows(text: &str, wanted: &[&str]) {
    for wanted in wanted {
        assert!(text.contains(wanted), "no {wanted:?} in:\n{text}");
    }
}

/// What the bot said, line by line.
fn bot_lines(transcript: &str) -> impl Iterator<Item = &str> {
    transcript.lines().filter(|line| line.starts_with("  │"))
}

/// The values that the demo itself printed: they stand alone on their lines.
fn printed_values(transcript: &str) -> Vec<&str> {
    transcript
        .lines()
        .filter(|line| {
            line.len() >= 25
                && line
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
        .collect()
}

#[tokio::test]
async fn a_link_is_made_checked_rotated_and_erased() {
    let transcript = play(
        "/addx main
        {works.1}
        {works.2}
        {works.3}
        {works.4}
        /accounts
        /verify main
        :regenerate token
        [Check again]
        /rotate main
        [Token pair]
        {works.3}
        {works.4}
        /unlink main
        [Erase]
        :chat",
    )
    .await;

    assert_shows(
        after(&transcript, "/addx main"),
        &["Step 1 of 4", "[1] Guide"],
    );
    assert_shows(
        after(&transcript, "{works.1}"),
        &["🗑 the bot deleted your message", "Step 2 of 4"],
    );
    assert_shows(
        after(&transcript, "{works.2}"),
        &["🗑", "Step 3 of 4", "X accepts this API key pair"],
    );
    assert_shows(
        after(&transcript, "{works.4}"),
        &["🗑", "connected as @seedling", "│ Code: connected\n"],
    );
    assert_shows(
        after(&transcript, "/accounts"),
        &["main · @seedling", "│ connected since"],
    );
    assert_shows(
        after(&transcript, "/verify main"),
        &["Checking main", "│ Code: connected\n"],
    );
    assert_shows(
        after(&transcript, "[Check again]"),
        &["⏩ 15 s later", "│ Code: access_token_rejected\n"],
    );
    assert_shows(
        after(&transcript, "[Token pair]"),
        &["👆 Token pair", "Step 1 of 2"],
    );
    let (_, rotation) = transcript.split_once("[Token pair]\n").unwrap();
    assert_shows(
        after(rotation, "{works.4}"),
        &["The new credentials are in use", "│ Code: connected\n"],
    );
    assert_shows(
        after(&transcript, "[Erase]"),
        &["main and its credentials are deleted"],
    );

    let values = printed_values(&transcript);
    assert_eq!(
        values.len(),
        6,
        "the four that work, and the new token pair"
    );
    for line in bot_lines(&transcript) {
        assert!(
            !values.iter().any(|value| line.contains(value)),
            "the bot showed a value: {line}"
        );
    }
    let whole_chat = after(&transcript, ":chat");
    assert!(
        !values.iter().any(|value| whole_chat.contains(value)),
        "{whole_chat}"
    );
}

#[tokio::test]
async fn a_newcomer_links_with_two_pastes_and_a_pin_and_unlinks_with_revocation() {
    let transcript = play(
        "/addx main
        :authorize
        {works.1}
        {works.2}
        [Get it from X with a PIN]
        :authorize orchard
        :authorize works2
        {pin}
        [No, another account]
        :authorize
        {pin}
        [Yes, this one]
        /addx shop
        [Use the same app]
        :authorize works2
        {pin}
        [Yes, this one]
        /accounts
        /unlink main
        [Revoke at X and erase]
        :x down
        /unlink shop
        [Revoke at X and erase]",
    )
    .await;

    assert_shows(after(&transcript, ":authorize"), &["There is no link to X"]);
    let link = after(&transcript, "[Get it from X with a PIN]");
    assert_shows(link, &["Open X", "/oauth/authorize?oauth_token="]);
    assert_shows(
        after(&transcript, ":authorize orchard"),
        &["There is no set named orchard"],
    );
    assert_shows(
        after(&transcript, ":authorize works2"),
        &["as @orchard", "X shows the PIN"],
    );
    assert_shows(
        after(&transcript, "{pin}"),
        &["🗑", "X issued a token for @orchard"],
    );
    let (_, second) = transcript.split_once("[No, another account]\n").unwrap();
    assert_shows(second, &["private window", "Open X"]);
    assert_shows(
        after(second, "{pin}"),
        &["🗑", "X issued a token for @seedling"],
    );
    assert_shows(
        after(second, "[Yes, this one]"),
        &["main is connected as @seedling"],
    );
    let (_, same_app) = transcript.split_once("/addx shop\n").unwrap();
    assert_shows(
        after(same_app, "[Yes, this one]"),
        &["shop is connected as @orchard"],
    );
    assert_shows(
        after(same_app, "[Revoke at X and erase]"),
        &["main (@seedling) is unlinked", "X reject"],
    );
    let (_, down) = transcript.split_once("/unlink shop\n").unwrap();
    assert_shows(
        after(down, "[Revoke at X and erase]"),
        &[
            "shop (@orchard) is unlinked",
            "X did not answer",
            "Connected apps",
        ],
    );
}

#[tokio::test]
async fn every_set_leads_to_the_verdict_it_promises() {
    for (set, verdict) in promises(&play("").await) {
        let transcript = play(&format!("/addx main\n{{{set}}}")).await;
        let said = after(&transcript, &format!("{{{set}}}"));
        assert_shows(said, &[&format!("│ Code: {verdict}\n")]);
    }
}

/// The sets that the welcome lists, with their verdicts.
fn promises(welcome: &str) -> Vec<(String, String)> {
    let rows = welcome.lines().filter_map(|line| line.strip_prefix("  {"));
    rows.filter_map(|row| {
        let (set, rest) = row.split_once('}')?;
        let verdict = rest.split_whitespace().next()?;
        (verdict != "not").then(|| (set.to_owned(), verdict.to_owned()))
    })
    .collect()
}

#[tokio::test]
async fn a_value_that_is_none_of_the_four_is_deleted_and_named() {
    let transcript = play("/addx main\n{bearer}\n{clientid}\n{clientsecret}").await;

    assert_shows(
        after(&transcript, "{bearer}"),
        &["🗑", "Bearer Token", "Step 1 of 4"],
    );
    assert_shows(
        after(&transcript, "{clientid}"),
        &["🗑", "Client ID", "Step 1 of 4"],
    );
    assert_shows(after(&transcript, "{clientsecret}"), &["🗑", "Step 1 of 4"]);
}

#[tokio::test]
async fn a_dialogue_outlives_a_restart_and_ends_after_half_an_hour() {
    let transcript = play("/addx main\n{works.1}\n:restart\n{works.2}\n:wait 31m").await;

    assert_shows(after(&transcript, "{works.2}"), &["🗑", "Step 3 of 4"]);
    assert_shows(
        after(&transcript, ":wait 31m"),
        &["Timed out after 30 minutes"],
    );
}

#[tokio::test]
async fn what_x_and_its_console_do_shows_in_the_verdict() {
    let transcript = play(
        "/addx main
        {works}
        :x down
        /verify
        :x up
        :credits empty
        [Check again]
        :credits full
        :kill
        /verify main",
    )
    .await;

    assert_shows(after(&transcript, "/verify"), &["│ Code: x_unavailable\n"]);
    assert_shows(
        after(&transcript, "[Check again]"),
        &["│ Code: no_credits\n"],
    );
    assert_shows(
        after(&transcript, "/verify main"),
        &["│ Code: access_token_rejected\n"],
    );
}

#[tokio::test]
async fn a_token_that_is_killed_at_x_is_noticed_told_and_repaired() {
    let transcript = play(
        "/addx main
        {works}
        :kill
        :wait 1m
        [Send new token pair]
        :regenerate token
        {works.3}
        {works.4}
        :wait 2m
        /accounts",
    )
    .await;

    assert_shows(
        after(&transcript, ":wait 1m"),
        &[
            "⏩ 10 s later",
            "main: X rejected the Access Token",
            "Last accepted by X: 12:00 UTC.",
            "│ Code: access_token_rejected\n",
            "Send new token pair",
        ],
    );
    assert_shows(
        after(&transcript, "[Send new token pair]"),
        &["Step 1 of 2"],
    );
    assert_shows(
        after(&transcript, "{works.4}"),
        &["The new credentials are in use", "│ Code: connected\n"],
    );
    assert_eq!(
        bot_lines(after(&transcript, ":wait 2m")).count(),
        0,
        "what works is not told"
    );
    assert_shows(
        after(&transcript, "/accounts"),
        &["│ connected since", "can read and write"],
    );
}

#[tokio::test]
async fn refused_new_values_are_not_said_to_be_the_accounts_end() {
    let transcript = play(
        "/addx main
        {works}
        /rotate main
        [API key pair]
        {works2.1}\\n{works2.2}
        /verify main",
    )
    .await;

    assert_shows(
        after(&transcript, "{works2.1}\\n{works2.2}"),
        &[
            "main (new credentials): X rejected",
            "The old credentials stay in use.",
        ],
    );
    assert_shows(after(&transcript, "/verify main"), &["│ Code: connected\n"]);
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let transcript = play("7\n[Erase]\n:nothing\n{nothing}\n:edit text\n:values nothing").await;

    assert_shows(
        &transcript,
        &[
            "There is no button 7.",
            "There is no button [Erase].",
            "There is no :nothing here",
            "There is no value named {nothing}",
            "cannot be edited",
            "There is no set named nothing",
        ],
    );
    assert_eq!(bot_lines(&transcript).count(), 0);
}

#[tokio::test]
async fn a_linked_account_publishes_by_post_and_by_curl_and_both_stand_in_the_history() {
    let transcript = play(
        "/addx main
        {works.1}
        {works.2}
        {works.3}
        {works.4}
        Good morning
        :reply /post
        [Publish]
        :curl too early
        :client
        :curl Hello from curl
        :posts
        /testpost
        [Post and delete]
        /accounts
        /history
        :posts",
    )
    .await;
    assert_shows(
        after(&transcript, ":reply /post"),
        &["Publish this with main (@seedling)?", "Good morning"],
    );
    assert_shows(after(&transcript, "[Publish]"), &["Published with main"]);
    assert_shows(after(&transcript, ":curl too early"), &["no program yet"]);
    assert_shows(
        after(&transcript, ":client"),
        &["Authorization: Bearer addx_", "gave the program curl-"],
    );
    assert_shows(
        after(&transcript, ":curl Hello from curl"),
        &["201 Created", r#""text":"Hello from curl""#],
    );
    assert_shows(after(&transcript, "[Post and delete]"), &["it is deleted"]);
    assert_shows(after(&transcript, "/accounts"), &["used by curl-"]);
    assert_shows(
        after(&transcript, "/history"),
        &[
            "main: test post published",
            "main: used by curl-",
            ": POST /2/tweets",
            "main: your message published",
        ],
    );
    let (_, last) = transcript.rsplit_once(":posts").unwrap();
    assert_shows(last, &["Good morning", "Hello from curl"]);
    assert!(!last.contains("A test post"), "{last}");
}

#[tokio::test]
async fn from_the_link_to_its_end_in_spanish() {
    let transcript = play_in(
        "es",
        "/start
        /addx main
        {works.1}
        {works.2}
        {works.3}
        {works.4}
        /accounts
        :regenerate token
        [Comprobar de nuevo]
        [Enviar nuevos tokens]
        {works.3}
        {works.4}
        /unlink main
        [Revocar en X y borrar]
        /language
        [English]
        :chat",
    )
    .await;
    assert_shows(
        after(&transcript, "/start"),
        &["Conecto tu cuenta de X", "[1] Vincular"],
    );
    assert_shows(after(&transcript, "{works.1}"), &["Paso 2 de 4"]);
    assert_shows(
        after(&transcript, "{works.4}"),
        &[
            "main está conectada como @seedling",
            "│ Código: connected\n",
        ],
    );
    assert_shows(
        after(&transcript, "/accounts"),
        &["Tus cuentas", "puede leer y escribir"],
    );
    assert_shows(
        after(&transcript, "[Comprobar de nuevo]"),
        &["X rechazó el Access Token", "1. En X: tu app"],
    );
    assert_shows(
        after(&transcript, "/unlink main"),
        &["¿Desvincular main (@seedling)"],
    );
    assert_shows(
        after(&transcript, "[Revocar en X y borrar]"),
        &[
            "main (@seedling) está desvinculada",
            "En X: el token está revocado.",
        ],
    );
    assert_shows(
        after(&transcript, "[English]"),
        &["I will write in English"],
    );
}
