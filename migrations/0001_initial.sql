-- Times are Unix seconds. Ids of Telegram's users and chats are the same in a private chat.
-- What is named "sealed" or "wrapped" is XChaCha20-Poly1305, bound to its owner, row and field.

-- Tells a wrong or an old keyring at start: the newest primary key that this database has seen.
CREATE TABLE canary (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    key_id      INTEGER NOT NULL,
    fingerprint TEXT    NOT NULL, -- names the wanted key without giving it away
    sealed      BLOB    NOT NULL,
    database_id BLOB    NOT NULL CHECK (length(database_id) = 16) -- which database this is; its copies keep it
) STRICT;

-- One data key per account. A flow makes it before it takes its first value.
CREATE TABLE data_keys (
    account_id      BLOB    PRIMARY KEY CHECK (length(account_id) = 16),
    owner           INTEGER NOT NULL, -- Telegram user id
    key_id          INTEGER NOT NULL, -- the keyring's key that wraps it
    wrapped         BLOB    NOT NULL,
    key_pair        TEXT,             -- what X said of the newest API key pair alone
    key_pair_at     INTEGER,
    created_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX data_keys_by_owner ON data_keys (owner);
CREATE INDEX data_keys_by_key ON data_keys (key_id);

-- The values, each sealed on its own by the account's data key.
CREATE TABLE sealed_values (
    account_id  BLOB    NOT NULL REFERENCES data_keys (account_id) ON DELETE CASCADE,
    slot        TEXT    NOT NULL CHECK (slot IN ('current', 'candidate', 'held')),
    field       TEXT    NOT NULL CHECK (field IN ('api_key', 'api_secret', 'access_token', 'access_secret')),
    sealed      BLOB    NOT NULL,
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32), -- keyed: tells the same value again
    chars       INTEGER NOT NULL, -- length of the value, for a report that shows no value
    received_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, slot, field)
) STRICT, WITHOUT ROWID;

-- Links. A link is kept before X has judged it: then verdict is null.
CREATE TABLE accounts (
    account_id      BLOB    PRIMARY KEY REFERENCES data_keys (account_id) ON DELETE CASCADE,
    owner           INTEGER NOT NULL,
    name            TEXT    NOT NULL,
    name_key        TEXT    NOT NULL, -- the name in lower case
    takes_x_handle  INTEGER NOT NULL, -- 1 until X has named the handle that becomes the name
    x_user_id       TEXT,             -- decimal; set when X first confirmed it, then it stays
    x_username      TEXT,
    verdict         TEXT,             -- JSON, tagged with its code
    verdict_since   INTEGER,          -- since when the code is the same
    checked_at      INTEGER,
    accepted_at     INTEGER,          -- last time X accepted the values
    candidate_until INTEGER,          -- until when values of a rotation wait for X's decision
    created_at      INTEGER NOT NULL,
    UNIQUE (owner, name_key)
) STRICT;
CREATE INDEX accounts_by_x_user ON accounts (owner, x_user_id);
CREATE INDEX accounts_by_candidate ON accounts (candidate_until) WHERE candidate_until IS NOT NULL;

-- Where each chat's dialogue stands, and the card that shows it.
CREATE TABLE dialogues (
    chat_id         INTEGER PRIMARY KEY,
    revision        INTEGER NOT NULL, -- counts changes, so that a drawn card is known to be the newest
    key_id          INTEGER NOT NULL,
    sealed          BLOB    NOT NULL,
    card_message_id INTEGER,
    card_digest     INTEGER,          -- of what that message shows, so that it is not drawn again in vain
    card_due_at     INTEGER,          -- when the card must be drawn; null when it shows the state
    card_attempts   INTEGER NOT NULL DEFAULT 0,
    expires_at      INTEGER           -- when the flow's values are wiped; null when it is over
) STRICT;
CREATE INDEX dialogues_by_key ON dialogues (key_id);
CREATE INDEX dialogues_by_expiry ON dialogues (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX dialogues_by_card ON dialogues (card_due_at) WHERE card_due_at IS NOT NULL;

-- Updates that Telegram handed over, sealed until they are handled. A handled one stays a while, without its text,
-- so that a second delivery is recognised.
CREATE TABLE inbox (
    update_id   INTEGER PRIMARY KEY,
    chat_id     INTEGER NOT NULL,
    key_id      INTEGER NOT NULL,
    sealed      BLOB,             -- null once handled or given up
    attempts    INTEGER NOT NULL DEFAULT 0,
    incident    TEXT,             -- set when it was given up
    received_at INTEGER NOT NULL
) STRICT;
CREATE INDEX inbox_waiting ON inbox (chat_id, update_id) WHERE sealed IS NOT NULL;
CREATE INDEX inbox_by_key ON inbox (key_id) WHERE sealed IS NOT NULL;
CREATE INDEX inbox_by_age ON inbox (received_at);

-- Messages that were promised to a user.
CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    chat_id     INTEGER NOT NULL,
    key_id      INTEGER NOT NULL,
    sealed      BLOB    NOT NULL, -- its text and its buttons
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 16), -- keyed: tells the same message again
    role        TEXT    NOT NULL, -- what hangs on it besides its words
    account_id  BLOB    REFERENCES accounts (account_id) ON DELETE CASCADE, -- whose news it tells
    due_at      INTEGER NOT NULL,
    promised_at INTEGER NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    begun       INTEGER NOT NULL DEFAULT 0 -- 1: it may have been said already
) STRICT;
CREATE INDEX outbox_by_chat ON outbox (chat_id, id);
CREATE INDEX outbox_by_due ON outbox (due_at);
CREATE INDEX outbox_by_key ON outbox (key_id);
CREATE INDEX outbox_by_account ON outbox (account_id) WHERE account_id IS NOT NULL;

-- The bot's messages in a chat that say that X is being asked: an answer that may have been said already is put there.
CREATE TABLE progress_messages (
    chat_id    INTEGER NOT NULL,
    asked      TEXT    NOT NULL, -- what X is asked for
    message_id INTEGER NOT NULL,
    PRIMARY KEY (chat_id, asked)
) STRICT, WITHOUT ROWID;

-- What is left to do at X and Telegram, now or later: asked, called, published, deleted.
CREATE TABLE jobs (
    id         INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: what came of an older job cannot count for a newer one
    kind       TEXT    NOT NULL,
    key        TEXT    NOT NULL, -- what it is about; one job of a kind for each
    subject    TEXT    NOT NULL, -- who is busy meanwhile: an account, across kinds, or a chat
    account_id BLOB    REFERENCES data_keys (account_id) ON DELETE CASCADE,
    key_id     INTEGER,          -- the keyring's key that sealed the payload
    payload    BLOB,
    run_at     INTEGER,          -- null: it was handed to the runner by whoever asked for it
    claims     INTEGER NOT NULL DEFAULT 0, -- how often it was begun what cannot be repeated: it may have been done
    tries      INTEGER NOT NULL DEFAULT 0, -- how often it was tried to the end, and that decided nothing
    give_up_at INTEGER,          -- after that it is of no use any more
    UNIQUE (kind, key)
) STRICT;
CREATE INDEX jobs_by_time ON jobs (run_at);
CREATE INDEX jobs_of_kind ON jobs (kind, run_at);
CREATE INDEX jobs_of_subject ON jobs (subject);
CREATE INDEX jobs_of_account ON jobs (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX jobs_by_key ON jobs (key_id) WHERE key_id IS NOT NULL;

-- When each user caused a check, for the hourly limit.
CREATE TABLE check_log (
    owner INTEGER NOT NULL,
    kind  TEXT    NOT NULL,
    at    INTEGER NOT NULL
) STRICT;
CREATE INDEX check_log_by_owner ON check_log (owner, at);
CREATE INDEX check_log_by_age ON check_log (at);

-- Chats that got a one-time answer, and when: groups, people who may not use the bot.
CREATE TABLE courtesies (
    chat_id INTEGER PRIMARY KEY,
    told_at INTEGER NOT NULL
) STRICT;
