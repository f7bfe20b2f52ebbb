-- Times are Unix seconds. Ids of Telegram's users and chats are the same in a private chat.
-- What is named "sealed" or "wrapped" is XChaCha20-Poly1305, bound to its owner, row and field.

-- Tells a wrong or an old keyring at start: the newest primary key that this database has seen.
CREATE TABLE key_check (
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
    created_at      INTEGER NOT NULL,
    linked          INTEGER NOT NULL DEFAULT 0 -- 1: it belongs to a link, else to a flow's beginnings
) STRICT;
CREATE INDEX data_keys_unlinked ON data_keys (created_at) WHERE linked = 0;
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
    asked_at        INTEGER,          -- when X was asked what `verdict` answers: an answer to an earlier question never replaces it
    UNIQUE (owner, name_key)
) STRICT;
CREATE INDEX accounts_by_x_user ON accounts (owner, x_user_id);
CREATE INDEX accounts_by_candidate ON accounts (candidate_until) WHERE candidate_until IS NOT NULL;

-- A link goes only with its data key, so nothing has to set this back.
CREATE TRIGGER accounts_are_linked AFTER INSERT ON accounts
BEGIN
    UPDATE data_keys SET linked = 1 WHERE account_id = NEW.account_id;
END;

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
    key_id      INTEGER,          -- null if it was handled before it had to be written down
    sealed      BLOB,             -- null once handled or given up
    claims      INTEGER NOT NULL DEFAULT 0, -- how often handling it was begun since it was written down
    attempts    INTEGER NOT NULL DEFAULT 0, -- how often that failed: the other claims ended with the process
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
CREATE TABLE reply_throttle (
    chat_id INTEGER PRIMARY KEY,
    told_at INTEGER NOT NULL
) STRICT;

-- Who did what, and when: append-only, each entry sealed to the one before it. Never a value.
CREATE TABLE audit (
    number     INTEGER PRIMARY KEY, -- 1, 2, 3 … without a gap
    at         INTEGER NOT NULL,
    owner      INTEGER NOT NULL,    -- the Telegram user it concerns; 0: nobody in particular
    actor      TEXT    NOT NULL,    -- user, owner, operator or bot
    event      TEXT    NOT NULL,
    account_id BLOB,                -- may name an account that is erased by now
    detail     TEXT    NOT NULL,    -- a verdict's code, a key's number, or empty
    mac        BLOB    NOT NULL CHECK (length(mac) = 32) -- HMAC-SHA-256 over the mac before and this entry
) STRICT;
CREATE INDEX audit_by_owner ON audit (owner, number);
CREATE INDEX audit_of_people ON audit (owner, number) WHERE event <> 'use'; -- without uses

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT raise(ABORT, 'the audit table is append-only');
END;
-- What was pruned of the trail.
CREATE TABLE audit_checkpoint (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL, -- the last entry that is gone
    at     INTEGER NOT NULL, -- when that was written
    mac    BLOB    NOT NULL CHECK (length(mac) = 32), -- its mac, which the next entry's covers
    seal   BLOB    NOT NULL CHECK (length(seal) = 32) -- HMAC-SHA-256 over all that
) STRICT;
CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit
WHEN OLD.number > ifnull((SELECT number FROM audit_checkpoint), 0)
BEGIN
    SELECT raise(ABORT, 'the audit table is append-only');
END;

-- The key of those macs, wrapped by the keyring's primary key.
CREATE TABLE audit_key (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    key_id  INTEGER NOT NULL,
    wrapped BLOB    NOT NULL
) STRICT;

-- How often programs used each account on each day, so that what a person did is found among thousands of uses. Drawn from the
-- audit trail, which has each use on its own.
CREATE TABLE uses (
    owner      INTEGER NOT NULL,
    day        INTEGER NOT NULL, -- since 1970, in UTC
    account_id BLOB    NOT NULL, -- may name an account that is erased by now
    program    TEXT    NOT NULL,
    times      INTEGER NOT NULL,
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    last       TEXT    NOT NULL, -- the detail of the last one
    PRIMARY KEY (owner, day, account_id, program)
) STRICT, WITHOUT ROWID;

-- The detail of a use is the program's name, a colon, and what it asked for; a name holds no colon.
CREATE TRIGGER uses_are_counted AFTER INSERT ON audit WHEN NEW.event = 'use'
BEGIN
    INSERT INTO uses VALUES (
        NEW.owner, NEW.at / 86400, ifnull(NEW.account_id, x''), substr(NEW.detail, 1, instr(NEW.detail || ':', ':') - 1),
        1, NEW.at, NEW.at, NEW.detail
    )
    ON CONFLICT DO UPDATE SET times = times + 1, last_at = max(last_at, NEW.at), last = NEW.detail;
END;

-- In which language a user is written to: chosen, or guessed as they began their first link. Nobody else has a row.
CREATE TABLE languages (
    user_id  INTEGER PRIMARY KEY,
    language TEXT    NOT NULL -- a folder of `locales`
) STRICT;

-- People who asked to use the bot, and what its owner decided. Empty while the bot has no owner.
CREATE TABLE access (
    user_id    INTEGER PRIMARY KEY,
    standing   TEXT    NOT NULL CHECK (standing IN ('asked', 'granted', 'refused', 'blocked')),
    first_name TEXT    NOT NULL, -- as Telegram gave it, so that the owner knows who asks
    since      INTEGER NOT NULL
) STRICT;
CREATE INDEX access_by_standing ON access (standing, since DESC);

-- The temporary credentials of RFC 5849 §2.1, while a user fetches the PIN from X. Sealed by the account's data key.
CREATE TABLE temporary_credentials (
    account_id BLOB    PRIMARY KEY REFERENCES data_keys (account_id) ON DELETE CASCADE,
    token      BLOB    NOT NULL, -- X: request token
    secret     BLOB    NOT NULL,
    verifier   BLOB,             -- X: PIN; from the moment it came until X has taken it
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX temporary_credentials_by_expiry ON temporary_credentials (expires_at);

-- When X is asked about each link by itself, and what is remembered of it between two questions.
CREATE TABLE health_checks (
    account_id   BLOB    NOT NULL PRIMARY KEY REFERENCES accounts (account_id) ON DELETE CASCADE,
    due_at       INTEGER NOT NULL,           -- when to ask next
    charged_at   INTEGER NOT NULL DEFAULT 0, -- until then X is asked only what it charges nothing for
    attempts     INTEGER NOT NULL DEFAULT 0, -- failures of ours in a row
    app          BLOB    CHECK (length(app) = 16), -- keyed fingerprint of the API key pair: tells apps apart
    good_at      INTEGER,                    -- when X last accepted it; null unless it is held to work
    asked_at     INTEGER,                    -- when X was asked last, whatever it said
    pair_at      INTEGER,                    -- when about the key pair alone
    memory       TEXT    NOT NULL DEFAULT '{}', -- JSON
    told_before  INTEGER,                    -- when the message before the last one was sent
    told_at      INTEGER,                    -- when the last message about it was sent
    message_id   INTEGER                     -- that message
) STRICT;
CREATE INDEX health_checks_by_due ON health_checks (due_at);
CREATE INDEX health_checks_by_app ON health_checks (app) WHERE app IS NOT NULL;
-- Who can be asked before a refusal is told: links of other apps, those that X accepted last first, then those that it has
-- not judged.
CREATE INDEX health_checks_by_good ON health_checks (good_at, app) WHERE good_at IS NOT NULL;
CREATE INDEX health_checks_not_good ON health_checks (app) WHERE good_at IS NULL;
CREATE INDEX health_checks_suspected ON health_checks (app) WHERE memory ->> '$.suspicion' IS NOT NULL;

-- Every link is checked. X's answer to the link itself comes first; this is for the case that none ever comes.
CREATE TRIGGER a_link_is_checked AFTER INSERT ON accounts
BEGIN
    INSERT INTO health_checks (account_id, due_at) VALUES (NEW.account_id, NEW.created_at + 3600);
END;

-- Trouble that is X's or ours, not a link's: one row while it lasts.
CREATE TABLE trouble (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    trouble TEXT    NOT NULL -- JSON
) STRICT;

-- What was asked in each month, and how often X charges for it.
CREATE TABLE spending (
    month   TEXT    PRIMARY KEY, -- like 2026-11, in UTC
    calls   INTEGER NOT NULL,
    charged INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- People who blocked the bot, or are gone: they are not written to by the bot itself until they come back.
CREATE TABLE unreachable (
    chat_id INTEGER PRIMARY KEY,
    since   INTEGER NOT NULL
) STRICT;

-- Links whose user wants to be reminded to rotate.
CREATE TABLE reminders (
    account_id BLOB    NOT NULL PRIMARY KEY REFERENCES accounts (account_id) ON DELETE CASCADE,
    days       INTEGER NOT NULL, -- after so many days with the same values
    due_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX reminders_by_due ON reminders (due_at);

-- Programs that may use accounts through the signing proxy.
CREATE TABLE clients (
    client_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL,
    token_hash BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32), -- SHA-256 of 256 random bits, which need no slow hash
    allowed    TEXT    NOT NULL, -- one rule a line: a method, a blank, a path
    max_concurrent INTEGER NOT NULL, -- requests under way at the same time
    max_per_second INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER           -- a revoked one stays, so that the audit trail's names mean something
) STRICT;
CREATE UNIQUE INDEX clients_by_name ON clients (name) WHERE revoked_at IS NULL;

-- Which accounts each may use. The operator gives, the account's owner can take back.
CREATE TABLE client_accounts (
    client_id  INTEGER NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
    account_id BLOB    NOT NULL REFERENCES accounts (account_id) ON DELETE CASCADE,
    given_at   INTEGER NOT NULL,
    PRIMARY KEY (client_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX client_accounts_by_account ON client_accounts (account_id);

-- Posts that a user asked for in Telegram, until it is known what became of them.
CREATE TABLE posts (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    owner      INTEGER NOT NULL,
    account_id BLOB    REFERENCES accounts (account_id) ON DELETE CASCADE, -- null while it is to be chosen
    kind       TEXT    NOT NULL CHECK (kind IN ('test', 'message')),
    state      TEXT    NOT NULL CHECK (state IN (
        'draft',    -- shown, and not confirmed
        'waiting',  -- confirmed: a job sends it
        'posted'    -- a test post that is to be deleted: another job
    )),
    text       TEXT    NOT NULL,
    post_id    TEXT,               -- X's number for it
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX posts_by_owner ON posts (owner);
CREATE INDEX posts_by_account ON posts (account_id);
CREATE INDEX posts_by_age ON posts (created_at) WHERE state = 'draft';
