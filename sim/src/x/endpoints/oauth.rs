//! Getting a token: the key pair alone, and the three legs of the PIN flow.

use std::fmt::Write as _;

use super::super::{
    State,
    answers::{self, Answer},
    judge::{Asked, Signed},
    world::{AppPermission, AuthorizeError, CallbackSetting, Temporary},
};

pub(super) fn bearer_token(state: &mut State, app: usize, asked: &Asked) -> Answer {
    let app = &mut state.world.apps[app];
    if let Some(left) = &mut app.bearer_calls_left {
        if *left == 0 {
            return answers::key_pair_refused();
        }
        *left -= 1;
    }
    match asked.form.iter().find(|(name, _)| name == "grant_type") {
        None => answers::missing_grant_type(),
        Some((_, grant)) if grant != "client_credentials" || app.suspended => {
            answers::key_pair_refused()
        }
        Some(_) => Answer::json(
            200,
            format!(
                r#"{{"token_type":"bearer","access_token":"{}"}}"#,
                app.bearer
            ),
        ),
    }
}

pub(super) fn request_token(state: &mut State, signed: &Signed, asked: &Asked) -> Answer {
    let app = &state.world.apps[signed.app];
    if app.suspended {
        return answers::code(416);
    }
    let callback = asked.parameter("oauth_callback");
    match app.callback {
        CallbackSetting::Saved => {}
        CallbackSetting::Missing => return answers::callback_missing_xml(),
        CallbackSetting::NotApproved => return answers::code(415),
        CallbackSetting::NotApprovedXml => return answers::callback_not_approved_xml(),
    }
    if callback.is_some_and(|callback| callback != "oob") {
        return answers::code(415);
    }
    let at_most = match asked.parameter("x_auth_access_type") {
        Some("read") => Some(AppPermission::Read),
        Some("write") => Some(AppPermission::ReadWrite),
        _ => None,
    };
    let world = &mut state.world;
    let token = world.seeded.request_token();
    let secret = world.seeded.request_token_secret();
    let body = format!(
        "oauth_token={token}&oauth_token_secret={secret}&oauth_callback_confirmed={}",
        callback.is_some()
    );
    world.temporaries.insert(
        token,
        Temporary {
            secret,
            app: signed.app,
            out_of_band: callback.is_some(),
            at_most,
            granted: None,
        },
    );
    Answer::text(200, body)
}

pub(super) fn access_token(state: &mut State, signed: &Signed, asked: &Asked) -> Answer {
    let world = &mut state.world;
    if world.apps[signed.app].suspended {
        return answers::code(416);
    }
    let Some(temporary) = world.temporaries.get(&signed.token) else {
        return Answer::text(401, "Invalid request token.");
    };
    let at_most = temporary.at_most;
    let verifier = asked.parameter("oauth_verifier");
    let user = match &temporary.granted {
        Some(grant) if verifier == Some(grant.pin.as_str()) => grant.user,
        // The wording is modelled.
        Some(_) | None => {
            return Answer::text(
                401,
                "Error processing your OAuth request: Invalid oauth_verifier parameter",
            );
        }
    };
    world.temporaries.remove(&signed.token);
    let pair = world.issue_token(signed.app, user, at_most);
    let user = &world.users[user];
    Answer::text(
        200,
        format!(
            "oauth_token={}&oauth_token_secret={}&user_id={}&screen_name={}",
            pair.token, pair.secret, user.id, user.username
        ),
    )
}

/// A page for a person with a browser: choose who you are, see the PIN.
pub(super) fn authorize_page(state: &mut State, asked: &Asked) -> Answer {
    let token = asked
        .parameter("oauth_token")
        .unwrap_or_default()
        .to_owned();
    if !state.world.temporaries.contains_key(&token) {
        return page(403, &format!("<p>{}.</p>", AuthorizeError::UnknownToken));
    }
    if asked.method == "POST" {
        let wanted = asked.parameter("user").unwrap_or_default();
        let users = &state.world.users;
        let Some(user) = users.iter().position(|user| user.id.to_string() == wanted) else {
            return page(400, "<p>there is no such user.</p>");
        };
        let name = escape(&users[user].username);
        return match state.world.authorize(&token, user) {
            Ok(pin) => page(
                200,
                &format!(
                    "<p>You authorised the app as @{name}. Enter this PIN there:</p><p><code>{pin}</code></p>"
                ),
            ),
            Err(error) => page(403, &format!("<p>{error}.</p>")),
        };
    }
    let mut buttons = String::new();
    for user in &state.world.users {
        // Writing to a `String` cannot fail.
        let _ = write!(
            buttons,
            r#"<p><button name="user" value="{}">Authorise as @{}</button></p>"#,
            user.id,
            escape(&user.username)
        );
    }
    page(
        200,
        &format!(
            r#"<form method="post" action="/oauth/authorize"><input type="hidden" name="oauth_token" value="{}">{buttons}</form>"#,
            escape(&token)
        ),
    )
}

fn page(status: u16, content: &str) -> Answer {
    Answer::html(
        status,
        format!(
            "<!doctype html><meta charset=\"utf-8\"><title>X, simulated</title><h1>X, simulated</h1>{content}"
        ),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
