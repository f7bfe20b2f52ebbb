-- Tries of a call that came to an end without deciding it. Claims, which `attempts` counts, are more: a bot that dies while X
-- is asked has claimed, and not tried to the end.
ALTER TABLE calls ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
