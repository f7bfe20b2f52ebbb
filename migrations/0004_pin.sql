-- The temporary credentials of RFC 5849 §2.1, while a user fetches the PIN from X. Sealed by the account's data key.
CREATE TABLE temporary_credentials (
    account_id BLOB    PRIMARY KEY REFERENCES data_keys (account_id) ON DELETE CASCADE,
    token      BLOB    NOT NULL, -- X: request token
    secret     BLOB    NOT NULL,
    verifier   BLOB,             -- X: PIN; from the moment it came until X has taken it
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX temporary_credentials_by_expiry ON temporary_credentials (expires_at);

-- Calls that change something at X: to be made, and made again if the process died. One per account.
CREATE TABLE calls (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id   BLOB    NOT NULL UNIQUE REFERENCES data_keys (account_id) ON DELETE CASCADE,
    kind         TEXT    NOT NULL CHECK (kind IN ('request_token', 'access_token', 'revoke')),
    about        TEXT,             -- JSON: what a receipt says of an account that is gone from the list already
    due_at       INTEGER NOT NULL,
    leased_until INTEGER,          -- someone is calling
    attempts     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX calls_by_due ON calls (due_at);
CREATE INDEX calls_leased ON calls (leased_until) WHERE leased_until IS NOT NULL;
