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
INSERT INTO uses
SELECT owner, at / 86400, ifnull(account_id, x''), substr(detail, 1, instr(detail || ':', ':') - 1) AS program,
       count(*), min(at), max(at), detail
FROM audit WHERE event = 'use' GROUP BY owner, at / 86400, account_id, program;

CREATE TRIGGER uses_are_counted AFTER INSERT ON audit WHEN NEW.event = 'use'
BEGIN
    INSERT INTO uses VALUES (
        NEW.owner, NEW.at / 86400, ifnull(NEW.account_id, x''), substr(NEW.detail, 1, instr(NEW.detail || ':', ':') - 1),
        1, NEW.at, NEW.at, NEW.detail
    )
    ON CONFLICT DO UPDATE SET times = times + 1, last_at = max(last_at, NEW.at), last = NEW.detail;
END;

-- Everything but uses.
CREATE INDEX audit_of_people ON audit (owner, number) WHERE event <> 'use';
