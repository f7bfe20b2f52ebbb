-- When X was asked about a link last, whatever it said, and when about its key pair alone.
ALTER TABLE watches ADD COLUMN asked_at INTEGER;
ALTER TABLE watches ADD COLUMN pair_at INTEGER;

-- Who can be asked before a refusal is told: links of other apps, those that X accepted last first, then those that it has
-- not judged.
DROP INDEX watches_by_good;
CREATE INDEX watches_by_good ON watches (good_at, app) WHERE good_at IS NOT NULL;
CREATE INDEX watches_not_good ON watches (app) WHERE good_at IS NULL;
CREATE INDEX watches_suspected ON watches (app) WHERE memory ->> '$.suspicion' IS NOT NULL;
