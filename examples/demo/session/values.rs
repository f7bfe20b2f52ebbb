//! The made-up values one can send: each set with the verdict it leads to, and a name that stands for it in a line.

use addx_sim::x::{App, AppPermission, AppState, UserState, XSim, XUser};

/// Four values of one app and one user of the simulated X. The same at every start.
pub(super) struct Set {
    pub(super) name: &'static str,
    pub(super) verdict: &'static str,
    pub(super) about: &'static str,
    pub(super) user: XUser,
    pub(super) app: App,
    /// In the order in which the bot asks.
    pub(super) values: [String; 4],
}

/// A single value that is none of the four.
pub(super) struct Stray {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) value: String,
}

/// Everything that has a name.
pub(super) struct Values {
    pub(super) sets: Vec<Set>,
    pub(super) strays: Vec<Stray>,
    /// What X showed last.
    pub(super) pin: Option<String>,
}

/// The set that commands such as `:kill` are about unless they name another.
pub(super) const WORKS: &str = "works";

impl Values {
    pub(super) fn new(x: &XSim) -> Self {
        let works = working(x, WORKS, "seedling", "four values that work, of @seedling");
        let strays = strays(&works.app);
        let orchard = working(x, "works2", "orchard", "the same for @orchard");
        let mut sets = vec![works, orchard];
        sets.extend(wrong(x));
        sets.extend(refused(x));
        Self {
            sets,
            strays,
            pin: None,
        }
    }

    pub(super) fn set(&self, name: &str) -> Option<&Set> {
        self.sets.iter().find(|set| set.name == name)
    }

    pub(super) fn set_mut(&mut self, name: &str) -> Option<&mut Set> {
        self.sets.iter_mut().find(|set| set.name == name)
    }

    /// Puts values in the place of their names: `{works.1}` is one value, `{works}` all four, a line each.
    ///
    /// # Errors
    /// What looks like such a name is none.
    pub(super) fn fill_in(&self, line: &str) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('{') {
            filled += before;
            match after.split_once('}') {
                Some((name, after)) if is_name(name) => {
                    filled += &self.find(name).ok_or_else(|| no_such(name))?;
                    rest = after;
                }
                _ => {
                    filled.push('{');
                    rest = after;
                }
            }
        }
        Ok(filled + rest)
    }

    fn find(&self, name: &str) -> Option<String> {
        if name == "pin" {
            return self.pin.clone();
        }
        if let Some(stray) = self.strays.iter().find(|stray| stray.name == name) {
            return Some(stray.value.clone());
        }
        let Some((set, place)) = name.split_once('.') else {
            return Some(self.set(name)?.values.join("\n"));
        };
        let place: usize = place.parse().ok()?;
        let value = self.set(set)?.values.get(place.checked_sub(1)?)?;
        Some(value.clone())
    }
}

impl Set {
    fn new(
        name: &'static str,
        verdict: &'static str,
        about: &'static str,
        user: XUser,
        app: App,
    ) -> Self {
        let four = app.four_values(&user);
        let values = [
            four.consumer_key,
            four.consumer_secret,
            four.access_token,
            four.access_token_secret,
        ];
        Self {
            name,
            verdict,
            about,
            user,
            app,
            values,
        }
    }

    /// *Regenerate* at the Access Token: the old pair ends.
    pub(super) fn regenerate_token(&mut self) {
        let pair = self.app.regenerate_token(&self.user);
        self.values[2] = pair.token;
        self.values[3] = pair.secret;
    }

    /// *Regenerate* at the Consumer Key: the old pair ends, and every token that was made with it.
    pub(super) fn regenerate_keys(&mut self) {
        let pair = self.app.regenerate_key_pair();
        self.values[0] = pair.key;
        self.values[1] = pair.secret;
    }
}

fn is_name(text: &str) -> bool {
    let letters =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(letters)
}

fn no_such(name: &str) -> String {
    format!("There is no value named {{{name}}}; :values lists them.")
}

fn new_app(x: &XSim, username: &str, permission: AppPermission) -> (XUser, App) {
    let user = x.new_user(username);
    let app = x.new_app(&user, permission);
    (user, app)
}

fn working(x: &XSim, name: &'static str, username: &str, about: &'static str) -> Set {
    let (user, app) = new_app(x, username, AppPermission::ReadWrite);
    Set::new(name, "connected", about, user, app)
}

/// Values of which one is wrong, each in the way that it happens to people.
fn wrong(x: &XSim) -> Vec<Set> {
    let (user, app) = new_app(x, "reader", AppPermission::Read);
    let read_only = Set::new(
        "readonly",
        "read_only",
        "token from while the app was on Read",
        user,
        app,
    );

    let (user, app) = new_app(x, "oldkeys", AppPermission::ReadWrite);
    let mut old_keys = Set::new(
        "oldkeys",
        "api_key_pair_rejected",
        "API Secret from before a Regenerate",
        user,
        app,
    );
    let old_secret = old_keys.values[1].clone();
    old_keys.regenerate_keys();
    old_keys.values[1] = old_secret;

    let (user, app) = new_app(x, "oldtoken", AppPermission::ReadWrite);
    let old_token = Set::new(
        "oldtoken",
        "access_token_rejected",
        "Access Token from before it was revoked",
        user,
        app,
    );
    old_token.app.revoke(&old_token.user);

    let (user, app) = new_app(x, "oldsecret", AppPermission::ReadWrite);
    let mut old_secret = Set::new(
        "oldsecret",
        "access_secret_rejected",
        "the Access Secret of an older token",
        user,
        app,
    );
    let secret = old_secret.values[3].clone();
    old_secret.regenerate_token();
    old_secret.values[3] = secret;

    let (user, app) = new_app(x, "mixed", AppPermission::ReadWrite);
    let other_app = x.new_app(&user, AppPermission::ReadWrite);
    let other = other_app.generate_token(&user);
    let mut mixed = Set::new(
        "mixed",
        "access_token_rejected",
        "API keys of one app, tokens of another",
        user,
        app,
    );
    mixed.values[2] = other.token;
    mixed.values[3] = other.secret;

    vec![read_only, old_keys, old_token, old_secret, mixed]
}

/// Good values that X refuses all the same.
fn refused(x: &XSim) -> Vec<Set> {
    let set = |name, verdict, about| {
        let (user, app) = new_app(x, name, AppPermission::ReadWrite);
        Set::new(name, verdict, about, user, app)
    };
    let no_credits = set("nocredits", "no_credits", "the prepaid credits are used up");
    no_credits.app.set_state(AppState::NoCredits);
    let not_enrolled = set("notenrolled", "not_enrolled", "the app is in no package");
    not_enrolled.app.set_state(AppState::NotEnrolled);
    let suspended = set("suspended", "user_suspended", "X suspended the user");
    suspended.user.set_state(UserState::Suspended);
    let locked = set("locked", "user_locked", "the user has to log in to X first");
    locked.user.set_state(UserState::Locked);
    let app_suspended = set("badapp", "app_suspended", "X suspended the app");
    app_suspended.app.suspend();
    vec![no_credits, not_enrolled, suspended, locked, app_suspended]
}

/// What people take for one of the four.
fn strays(app: &App) -> Vec<Stray> {
    let stray = |name, about, value| Stray { name, about, value };
    vec![
        stray("bearer", "the app's Bearer Token", app.bearer_token()),
        stray("clientid", "the OAuth 2.0 Client ID", app.client_id()),
        stray(
            "clientsecret",
            "the OAuth 2.0 Client Secret",
            app.client_secret(),
        ),
    ]
}
