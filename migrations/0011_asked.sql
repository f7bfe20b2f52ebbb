-- When X was asked what `verdict` answers. An answer to an earlier question never takes the place of one to a later question,
-- whichever comes first.
ALTER TABLE accounts ADD COLUMN asked_at INTEGER;
