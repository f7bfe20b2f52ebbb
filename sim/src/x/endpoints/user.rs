//! The calls that need an access token: what stands in the way of them, and what they do.

use axum::http::header;
use serde_json::Value;

use super::{
    super::{
        ReadOnlyAnswer, State,
        answers::{self, Answer, quoted},
        judge::{Asked, Holder, Signed},
        weight::weighted_length,
        world::{AppPermission, AppRecord, AppState, Post, RateLimitForm, UserState},
    },
    Endpoint,
};

/// The longest weighted text of a post.
const POST_LENGTH: usize = 280;

pub(super) fn v2_obstacle(
    state: &State,
    now: i64,
    endpoint: &Endpoint,
    signed: &Signed,
    holder: Holder,
) -> Option<Answer> {
    let app = &state.world.apps[signed.app];
    let user = &state.world.users[holder.user];
    if app.suspended {
        return Some(answers::app_suspended());
    }
    match user.state {
        UserState::Active => {}
        UserState::Suspended => return Some(answers::user_suspended()),
        UserState::Locked => return Some(answers::account_locked()),
    }
    if let Some(answer) = billing(app, &app.state, now) {
        return Some(answer);
    }
    if !endpoint.is_write() {
        return None;
    }
    if let Some(answer) = billing(app, &app.write_state, now) {
        return Some(answer);
    }
    if holder.permission == AppPermission::Read {
        return Some(match state.settings.read_only {
            ReadOnlyAnswer::Permissions => answers::oauth1_permissions(),
            ReadOnlyAnswer::NotPermitted => answers::not_permitted(),
        });
    }
    None
}

fn billing(app: &AppRecord, state: &AppState, now: i64) -> Option<Answer> {
    match state {
        AppState::Enrolled => None,
        AppState::NotEnrolled => Some(answers::client_not_enrolled(app.id)),
        AppState::UserNotEnrolled => Some(answers::user_not_enrolled()),
        AppState::NoCredits => Some(answers::credits_depleted(app.account_id)),
        AppState::SpendCap { reset_date } => {
            Some(answers::spend_cap_reached(app.account_id, reset_date))
        }
        AppState::RateLimited { until, .. } if *until <= now => None,
        AppState::RateLimited { form, .. } => Some(match form {
            RateLimitForm::Problem => answers::too_many_requests(),
            RateLimitForm::Code88 => answers::rate_limit_exceeded(),
        }),
        AppState::UsageCapped { period, scope } => {
            Some(answers::usage_capped(app.account_id, period, scope))
        }
    }
}

pub(super) fn v1_obstacle(
    state: &State,
    endpoint: &Endpoint,
    signed: &Signed,
    holder: Holder,
) -> Option<Answer> {
    // A token can always be given back.
    if matches!(endpoint, Endpoint::InvalidateToken) {
        return None;
    }
    let app = &state.world.apps[signed.app];
    if app.suspended {
        return Some(answers::code(416));
    }
    match state.world.users[holder.user].state {
        UserState::Active if app.v1_refused => Some(answers::code(453)),
        UserState::Active => None,
        UserState::Suspended => Some(answers::code(64)),
        UserState::Locked => Some(answers::account_locked()),
    }
}

pub(super) fn users_me(state: &State, holder: Holder) -> Answer {
    let user = &state.world.users[holder.user];
    Answer::json(
        200,
        format!(
            r#"{{"data":{{"id":"{}","name":{},"username":{}}}}}"#,
            user.id,
            quoted(&user.name),
            quoted(&user.username)
        ),
    )
}

pub(super) fn verify_credentials(state: &State, holder: Holder) -> Answer {
    let user = &state.world.users[holder.user];
    Answer::json(
        200,
        format!(
            r#"{{"id":{0},"id_str":"{0}","name":{1},"screen_name":{2}}}"#,
            user.id,
            quoted(&user.name),
            quoted(&user.username)
        ),
    )
}

pub(super) fn invalidate_token(state: &mut State, signed: &Signed) -> Answer {
    state.world.tokens.remove(&signed.token);
    Answer::json(200, format!(r#"{{"access_token":"{}"}}"#, signed.token))
}

pub(super) fn create_post(state: &mut State, holder: Holder, asked: &Asked) -> Answer {
    let content_type = asked.header(header::CONTENT_TYPE).unwrap_or_default();
    if !content_type.starts_with("application/json") {
        return answers::invalid_request("The content type must be application/json");
    }
    let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(&asked.body) else {
        return answers::invalid_request("The body is not a JSON object");
    };
    if let Some(name) = fields.keys().find(|name| *name != "text") {
        return answers::invalid_request(&format!("$.{name}: is not defined in the schema"));
    }
    let Some(text) = fields.get("text").and_then(Value::as_str) else {
        return answers::invalid_request("$.text: is missing");
    };
    let user = &state.world.users[holder.user];
    if user.posts_refused {
        return answers::not_permitted();
    }
    if weighted_length(text) > POST_LENGTH {
        return answers::text_too_long();
    }
    let author_id = user.id;
    let posts = &mut state.world.posts;
    if posts
        .values()
        .any(|post| post.author_id == author_id && post.text == text)
    {
        return answers::duplicate_content();
    }
    let id = posts
        .last_key_value()
        .map_or(1_990_000_000_000_000_000, |(last, _)| last + 1_048_577);
    posts.insert(
        id,
        Post {
            id,
            author_id,
            text: text.to_owned(),
        },
    );
    Answer::json(
        201,
        format!(
            r#"{{"data":{{"edit_history_tweet_ids":["{id}"],"id":"{id}","text":{}}}}}"#,
            quoted(text)
        ),
    )
    .header("location", &format!("https://api.x.com/2/tweets/{id}"))
}

/// The id in `/2/users/:id/tweets`.
pub(super) fn posts_path(path: &str) -> Option<&str> {
    let id = path.strip_prefix("/2/users/")?.strip_suffix("/tweets")?;
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then_some(id)
}

/// A user's posts, newest first.
pub(super) fn posts_of_user(state: &State, asked: &Asked) -> Answer {
    let author = posts_path(&asked.path).and_then(|id| id.parse::<u64>().ok());
    let limit = asked
        .query
        .iter()
        .find_map(|(name, value)| (name == "max_results").then(|| value.parse::<usize>().ok())?)
        .unwrap_or(10);
    if !(5..=100).contains(&limit) {
        return answers::invalid_request(
            "The `max_results` query parameter value is not between 5 and 100",
        );
    }
    let posts: Vec<String> = state
        .world
        .posts
        .values()
        .rev()
        .filter(|post| Some(post.author_id) == author)
        .take(limit)
        .map(|post| {
            let (id, text) = (post.id, quoted(&post.text));
            format!(r#"{{"edit_history_tweet_ids":["{id}"],"id":"{id}","text":{text}}}"#)
        })
        .collect();
    let count = posts.len();
    // Without posts X leaves `data` out.
    let data = if posts.is_empty() {
        String::new()
    } else {
        format!(r#""data":[{}],"#, posts.join(","))
    };
    Answer::json(
        200,
        format!(r#"{{{data}"meta":{{"result_count":{count}}}}}"#),
    )
}

pub(super) fn delete_post(state: &mut State, holder: Holder, asked: &Asked) -> Answer {
    let id = asked.path.rsplit('/').next().unwrap_or_default();
    let Ok(number) = id.parse::<u64>() else {
        return answers::invalid_request(&format!(
            "The `id` query parameter value [{id}] is not valid"
        ));
    };
    match state.world.posts.get(&number) {
        None => Answer::json(
            404,
            format!(
                r#"{{"value":"{id}","detail":"Could not find tweet with id: [{id}].","title":"Not Found Error","resource_type":"tweet","parameter":"id","resource_id":"{id}","type":"https://api.twitter.com/2/problems/resource-not-found"}}"#
            ),
        ),
        Some(post) if post.author_id != state.world.users[holder.user].id => {
            answers::not_your_post()
        }
        Some(_) => {
            state.world.posts.remove(&number);
            Answer::json(200, r#"{"data":{"deleted":true}}"#)
        }
    }
}

/// Media as a program uploads it. Nothing is kept; the answer says how much came.
pub(super) fn upload_media(asked: &Asked) -> Answer {
    let size = asked.body.len();
    Answer::json(
        200,
        format!(
            r#"{{"data":{{"id":"1880028106020515840","media_key":"13_1880028106020515840","size":{size}}}}}"#
        ),
    )
}
