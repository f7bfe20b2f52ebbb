//! The world behind the API: users, developer apps, their keys and tokens, PIN requests and posts.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

use super::{Shared, values::Seeded};

/// What an app, and a token at its issue, may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AppPermission {
    /// *Read*.
    Read,
    /// *Read and write*.
    ReadWrite,
    /// *Read and write and Direct message*.
    ReadWriteDm,
}

impl AppPermission {
    /// As in the header `x-access-level`.
    #[must_use]
    pub fn access_level(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ReadWrite => "read-write",
            Self::ReadWriteDm => "read-write-directmessages",
        }
    }
}

/// How X treats a user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserState {
    /// In good standing.
    #[default]
    Active,
    /// Suspended: `user-suspended` on v2, code 64 on v1.1.
    Suspended,
    /// Locked until the user logs in: code 326.
    Locked,
}

/// How X treats the calls of an app to `/2/…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AppState {
    /// In a package, with credits.
    #[default]
    Enrolled,
    /// `client-not-enrolled`.
    NotEnrolled,
    /// `user-not-enrolled`.
    UserNotEnrolled,
    /// 402 `CreditsDepleted`.
    NoCredits,
    /// 403 `SpendCapReached`.
    SpendCap {
        /// `2026-07-10`.
        reset_date: String,
    },
    /// 429 until X's clock reaches `until`.
    RateLimited {
        /// Unix seconds.
        until: i64,
        /// Which of the two bodies.
        form: RateLimitForm,
    },
    /// 429 `UsageCapExceeded`.
    UsageCapped {
        /// `Daily` or `Monthly`.
        period: String,
        /// `Account` or `Product`.
        scope: String,
    },
}

/// The two bodies of a rate limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RateLimitForm {
    /// `{"title":"Too Many Requests",…}`.
    #[default]
    Problem,
    /// `{"errors":[{"code":88,…}]}`.
    Code88,
}

/// What is saved as the app's callback URL, as `/oauth/request_token` sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallbackSetting {
    /// Saved: `oob` is accepted.
    #[default]
    Saved,
    /// Never set up: 417, in XML.
    Missing,
    /// Refused: 415, in JSON.
    NotApproved,
    /// Refused: 415, in XML.
    NotApprovedXml,
}

/// A consumer key and its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPair {
    /// The API Key, also called Consumer Key.
    pub key: String,
    /// The API Key Secret.
    pub secret: String,
}

/// An access token and its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenPair {
    /// The Access Token.
    pub token: String,
    /// The Access Token Secret.
    pub secret: String,
}

/// The four values a user copies from the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FourValues {
    /// The API Key.
    pub consumer_key: String,
    /// The API Key Secret.
    pub consumer_secret: String,
    /// The Access Token.
    pub access_token: String,
    /// The Access Token Secret.
    pub access_token_secret: String,
}

/// A post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Its id.
    pub id: u64,
    /// Its author's id.
    pub author_id: u64,
    /// Its text.
    pub text: String,
}

/// Why a request token cannot be authorised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizeError {
    /// Never issued, already exchanged, or forgotten.
    UnknownToken,
    /// It was requested without `oauth_callback=oob`, so that X would redirect instead of showing a PIN.
    NotOutOfBand,
}

impl fmt::Display for AuthorizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownToken => "this request token is unknown or spent",
            Self::NotOutOfBand => "this request token was not asked for with oauth_callback=oob",
        })
    }
}

impl std::error::Error for AuthorizeError {}

pub(crate) struct UserRecord {
    pub(crate) id: u64,
    pub(crate) username: String,
    pub(crate) name: String,
    pub(crate) state: UserState,
    pub(crate) posts_refused: bool,
}

pub(crate) struct AppRecord {
    pub(crate) id: u64,
    pub(crate) account_id: u64,
    pub(crate) permission: AppPermission,
    pub(crate) pair: KeyPair,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) bearer: String,
    pub(crate) state: AppState,
    pub(crate) write_state: AppState,
    pub(crate) callback: CallbackSetting,
    pub(crate) suspended: bool,
    pub(crate) v1_refused: bool,
    pub(crate) bearer_calls_left: Option<usize>,
}

#[derive(Clone)]
pub(crate) struct TokenRecord {
    pub(crate) secret: String,
    pub(crate) app: usize,
    pub(crate) user: usize,
    pub(crate) permission: AppPermission,
}

pub(crate) struct Temporary {
    pub(crate) secret: String,
    pub(crate) app: usize,
    pub(crate) out_of_band: bool,
    pub(crate) at_most: Option<AppPermission>,
    pub(crate) granted: Option<Grant>,
}

#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) pin: String,
    pub(crate) user: usize,
}

/// Users and apps are never removed, so that their places in the lists name them.
pub(crate) struct World {
    pub(crate) seeded: Seeded,
    pub(crate) users: Vec<UserRecord>,
    pub(crate) apps: Vec<AppRecord>,
    pub(crate) keys: HashMap<String, usize>,
    pub(crate) tokens: HashMap<String, TokenRecord>,
    pub(crate) temporaries: HashMap<String, Temporary>,
    pub(crate) posts: BTreeMap<u64, Post>,
    pub(crate) gives_same_token: bool,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seeded: Seeded::new(seed),
            users: Vec::new(),
            apps: Vec::new(),
            keys: HashMap::new(),
            tokens: HashMap::new(),
            temporaries: HashMap::new(),
            posts: BTreeMap::new(),
            gives_same_token: false,
        }
    }

    pub(crate) fn issue_token(
        &mut self,
        app: usize,
        user: usize,
        at_most: Option<AppPermission>,
    ) -> TokenPair {
        let granted = self.apps[app].permission;
        let permission = at_most.map_or(granted, |at_most| granted.min(at_most));
        let known = self.tokens.iter().find(|(_, record)| {
            self.gives_same_token
                && (record.app, record.user, record.permission) == (app, user, permission)
        });
        if let Some((token, record)) = known {
            return TokenPair {
                token: token.clone(),
                secret: record.secret.clone(),
            };
        }
        let pair = TokenPair {
            token: self.seeded.access_token(self.users[user].id),
            secret: self.seeded.access_token_secret(),
        };
        self.tokens.insert(
            pair.token.clone(),
            TokenRecord {
                secret: pair.secret.clone(),
                app,
                user,
                permission,
            },
        );
        pair
    }

    pub(crate) fn authorize(
        &mut self,
        request_token: &str,
        user: usize,
    ) -> Result<String, AuthorizeError> {
        let temporary = self
            .temporaries
            .get_mut(request_token)
            .ok_or(AuthorizeError::UnknownToken)?;
        if !temporary.out_of_band {
            return Err(AuthorizeError::NotOutOfBand);
        }
        let pin = self.seeded.pin();
        temporary.granted = Some(Grant {
            pin: pin.clone(),
            user,
        });
        Ok(pin)
    }

    fn revoke(&mut self, app: usize, user: usize) {
        self.tokens
            .retain(|_, token| token.app != app || token.user != user);
    }
}

/// A user of X, and the handle to change what X thinks of them.
#[derive(Clone)]
pub struct XUser {
    /// The id, which an Access Token begins with.
    pub id: u64,
    /// The handle without `@`, as it was when the user was made.
    pub username: String,
    pub(crate) index: usize,
    shared: Arc<Shared>,
}

impl fmt::Debug for XUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "XUser(@{} {})", self.username, self.id)
    }
}

impl XUser {
    pub(crate) fn create(shared: &Arc<Shared>, id: Option<u64>, username: &str) -> Self {
        let mut state = shared.lock();
        let world = &mut state.world;
        let id = id.unwrap_or_else(|| world.seeded.snowflake());
        world.users.push(UserRecord {
            id,
            username: username.to_owned(),
            name: username.to_owned(),
            state: UserState::Active,
            posts_refused: false,
        });
        Self {
            id,
            username: username.to_owned(),
            index: world.users.len() - 1,
            shared: Arc::clone(shared),
        }
    }

    /// Suspends, locks or restores the user.
    pub fn set_state(&self, state: UserState) {
        self.shared.lock().world.users[self.index].state = state;
    }

    /// Changes the handle; the id stays.
    pub fn rename(&self, username: &str) {
        username.clone_into(&mut self.shared.lock().world.users[self.index].username);
    }

    /// Changes the display name.
    pub fn set_name(&self, name: &str) {
        name.clone_into(&mut self.shared.lock().world.users[self.index].name);
    }

    /// Whether posts are refused without a reason ("not permitted").
    pub fn refuse_posts(&self, refuse: bool) {
        self.shared.lock().world.users[self.index].posts_refused = refuse;
    }

    /// The user's posts, oldest first.
    #[must_use]
    pub fn posts(&self) -> Vec<Post> {
        let state = self.shared.lock();
        let posts = state.world.posts.values();
        posts
            .filter(|post| post.author_id == self.id)
            .cloned()
            .collect()
    }
}

/// A developer app, and the handle to what its console page can do.
#[derive(Clone)]
pub struct App {
    index: usize,
    shared: Arc<Shared>,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "App({})", self.app_id())
    }
}

impl App {
    pub(crate) fn create(shared: &Arc<Shared>, owner: &XUser, permission: AppPermission) -> Self {
        let mut state = shared.lock();
        let world = &mut state.world;
        let seeded = &mut world.seeded;
        let app = AppRecord {
            id: seeded.app_id(),
            account_id: seeded.snowflake(),
            permission,
            pair: KeyPair {
                key: seeded.consumer_key(),
                secret: seeded.consumer_secret(),
            },
            client_id: seeded.client_id(),
            client_secret: seeded.client_secret(),
            bearer: seeded.bearer_token(),
            state: AppState::Enrolled,
            write_state: AppState::Enrolled,
            callback: CallbackSetting::Saved,
            suspended: false,
            v1_refused: false,
            bearer_calls_left: None,
        };
        let index = world.apps.len();
        world.keys.insert(app.pair.key.clone(), index);
        world.apps.push(app);
        debug_assert!(owner.index < world.users.len(), "the owner is of this sim");
        Self {
            index,
            shared: Arc::clone(shared),
        }
    }

    fn read<T>(&self, read: impl FnOnce(&AppRecord) -> T) -> T {
        read(&self.shared.lock().world.apps[self.index])
    }

    fn change(&self, change: impl FnOnce(&mut AppRecord)) {
        change(&mut self.shared.lock().world.apps[self.index]);
    }

    /// The 8-digit App ID.
    #[must_use]
    pub fn app_id(&self) -> u64 {
        self.read(|app| app.id)
    }

    /// The id of the enrolled account that pays for the app.
    #[must_use]
    pub fn account_id(&self) -> u64 {
        self.read(|app| app.account_id)
    }

    /// The present API Key and Secret.
    #[must_use]
    pub fn key_pair(&self) -> KeyPair {
        self.read(|app| app.pair.clone())
    }

    /// The present API Key.
    #[must_use]
    pub fn consumer_key(&self) -> String {
        self.key_pair().key
    }

    /// The present API Key Secret.
    #[must_use]
    pub fn consumer_secret(&self) -> String {
        self.key_pair().secret
    }

    /// The OAuth 2.0 Client ID: not one of the four values.
    #[must_use]
    pub fn client_id(&self) -> String {
        self.read(|app| app.client_id.clone())
    }

    /// The OAuth 2.0 Client Secret: not one of the four values.
    #[must_use]
    pub fn client_secret(&self) -> String {
        self.read(|app| app.client_secret.clone())
    }

    /// The app-only Bearer Token: not one of the four values.
    #[must_use]
    pub fn bearer_token(&self) -> String {
        self.read(|app| app.bearer.clone())
    }

    /// Generates a token pair for `user` that carries the app's present permission. Earlier ones stay good.
    #[must_use]
    pub fn generate_token(&self, user: &XUser) -> TokenPair {
        let mut state = self.shared.lock();
        state.world.issue_token(self.index, user.index, None)
    }

    /// Generates a token pair for `user` and ends all earlier ones, as *Regenerate* does.
    #[must_use]
    pub fn regenerate_token(&self, user: &XUser) -> TokenPair {
        let mut state = self.shared.lock();
        state.world.revoke(self.index, user.index);
        state.world.issue_token(self.index, user.index, None)
    }

    /// The present key pair together with a freshly generated token pair.
    #[must_use]
    pub fn four_values(&self, user: &XUser) -> FourValues {
        let keys = self.key_pair();
        let tokens = self.generate_token(user);
        FourValues {
            consumer_key: keys.key,
            consumer_secret: keys.secret,
            access_token: tokens.token,
            access_token_secret: tokens.secret,
        }
    }

    /// Makes a new key pair; the old one and every token made with it end.
    #[must_use]
    pub fn regenerate_key_pair(&self) -> KeyPair {
        let mut state = self.shared.lock();
        let world = &mut state.world;
        let pair = KeyPair {
            key: world.seeded.consumer_key(),
            secret: world.seeded.consumer_secret(),
        };
        let bearer = world.seeded.bearer_token();
        let app = &mut world.apps[self.index];
        world.keys.remove(&app.pair.key);
        world.keys.insert(pair.key.clone(), self.index);
        app.pair = pair.clone();
        app.bearer = bearer;
        world.tokens.retain(|_, token| token.app != self.index);
        world
            .temporaries
            .retain(|_, temporary| temporary.app != self.index);
        pair
    }

    /// Ends every token of `user`, as the user can in the settings of their account.
    pub fn revoke(&self, user: &XUser) {
        self.shared.lock().world.revoke(self.index, user.index);
    }

    /// Sets the app's permission; tokens keep the one they were issued with.
    pub fn set_permission(&self, permission: AppPermission) {
        self.change(|app| app.permission = permission);
    }

    /// Whether a callback URL is saved in the app's settings.
    pub fn set_callback_saved(&self, saved: bool) {
        self.set_callback(if saved {
            CallbackSetting::Saved
        } else {
            CallbackSetting::Missing
        });
    }

    /// What is saved as the callback URL.
    pub fn set_callback(&self, callback: CallbackSetting) {
        self.change(|app| app.callback = callback);
    }

    /// Suspends the app, or restores it.
    pub fn set_suspended(&self, suspended: bool) {
        self.change(|app| app.suspended = suspended);
    }

    /// Suspends the app.
    pub fn suspend(&self) {
        self.set_suspended(true);
    }

    /// Sets how all calls to `/2/…` are treated.
    pub fn set_state(&self, state: AppState) {
        self.change(|app| app.state = state);
    }

    /// Sets how writes to `/2/…` are treated, while reads go through: credits that users/me does not need.
    pub fn set_write_state(&self, state: AppState) {
        self.change(|app| app.write_state = state);
    }

    /// Whether v1.1 endpoints are open to the app; if not they answer code 453.
    pub fn set_v1_access(&self, open: bool) {
        self.change(|app| app.v1_refused = !open);
    }

    /// How many more calls to `/oauth2/token` are answered before all are refused like a wrong pair; `None` is no limit.
    pub fn set_key_pair_calls_left(&self, calls: Option<usize>) {
        self.change(|app| app.bearer_calls_left = calls);
    }
}
