-- People who asked to use the bot, and what its owner decided. Empty while the bot has no owner.
CREATE TABLE access (
    user_id    INTEGER PRIMARY KEY,
    standing   TEXT    NOT NULL CHECK (standing IN ('asked', 'granted', 'refused', 'blocked')),
    first_name TEXT    NOT NULL, -- as Telegram gave it, so that the owner knows who asks
    since      INTEGER NOT NULL
) STRICT;
CREATE INDEX access_by_standing ON access (standing, since DESC);
