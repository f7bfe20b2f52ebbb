-- The temporary credentials of RFC 5849 §2.1, while a user fetches the PIN from X. Sealed by the account's data key.
CREATE TABLE temporary_credentials (
    account_id BLOB    PRIMARY KEY REFERENCES data_keys (account_id) ON DELETE CASCADE,
    token      BLOB    NOT NULL, -- X: request token
    secret     BLOB    NOT NULL,
    verifier   BLOB,             -- X: PIN; from the moment it came until X has taken it
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX temporary_credentials_by_expiry ON temporary_credentials (expires_at);
