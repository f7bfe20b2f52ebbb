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

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT raise(ABORT, 'the audit table is append-only');
END;
CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit
BEGIN
    SELECT raise(ABORT, 'the audit table is append-only');
END;

-- The key of those macs, wrapped by the keyring's primary key.
CREATE TABLE audit_key (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    key_id  INTEGER NOT NULL,
    wrapped BLOB    NOT NULL
) STRICT;
