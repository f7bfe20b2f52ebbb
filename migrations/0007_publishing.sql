-- Programs that may use accounts through the signing proxy.
CREATE TABLE clients (
    client_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL,
    token_hash BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32), -- SHA-256 of 256 random bits, which need no slow hash
    allowed    TEXT    NOT NULL, -- one rule a line: a method, a blank, a path
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
