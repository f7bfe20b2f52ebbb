-- When X is asked about each link by itself, and what is remembered of it between two questions.
CREATE TABLE watches (
    account_id   BLOB    NOT NULL PRIMARY KEY REFERENCES accounts (account_id) ON DELETE CASCADE,
    due_at       INTEGER NOT NULL,           -- when to ask next
    charged_at   INTEGER NOT NULL DEFAULT 0, -- until then X is asked only what it charges nothing for
    attempts     INTEGER NOT NULL DEFAULT 0, -- failures of ours in a row
    app          BLOB    CHECK (length(app) = 16), -- keyed fingerprint of the API key pair: tells apps apart
    good_at      INTEGER,                    -- when X last accepted it; null unless it is held to work
    memory       TEXT    NOT NULL DEFAULT '{}', -- JSON
    told_before  INTEGER,                    -- when the message before the last one was sent
    told_at      INTEGER,                    -- when the last message about it was sent
    message_id   INTEGER                     -- that message
) STRICT;
CREATE INDEX watches_by_due ON watches (due_at);
CREATE INDEX watches_by_good ON watches (good_at) WHERE good_at IS NOT NULL;
CREATE INDEX watches_by_app ON watches (app) WHERE app IS NOT NULL;

-- Every link is watched. X's answer to the link itself comes first; this is for the case that none ever comes.
CREATE TRIGGER a_link_is_watched AFTER INSERT ON accounts
BEGIN
    INSERT INTO watches (account_id, due_at) VALUES (NEW.account_id, NEW.created_at + 3600);
END;
INSERT INTO watches (account_id, due_at, good_at, memory)
SELECT account_id,
       coalesce(checked_at, created_at) + 86400,
       CASE WHEN code IN ('connected', 'connected_permission_unknown', 'read_only') THEN accepted_at END,
       CASE
           WHEN code IN ('connected', 'connected_permission_unknown', 'read_only')
               THEN '{"standing":"works","told":"works"}'
           WHEN code IN ('api_key_pair_rejected', 'access_token_rejected', 'access_secret_rejected',
                         'token_pair_rejected', 'token_of_other_account', 'app_suspended', 'user_suspended',
                         'user_locked', 'not_enrolled')
               THEN '{"standing":"refused","told":"refused"}'
           ELSE '{}'
       END
FROM (SELECT *, json_extract(verdict, '$.code') AS code FROM accounts);

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
