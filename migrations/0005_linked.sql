-- Finds the beginnings of flows that are over without going through every account.
ALTER TABLE data_keys ADD COLUMN linked INTEGER NOT NULL DEFAULT 0; -- 1: it belongs to a link, else to a flow's beginnings
UPDATE data_keys SET linked = 1 WHERE account_id IN (SELECT account_id FROM accounts);
CREATE INDEX data_keys_unlinked ON data_keys (created_at) WHERE linked = 0;

-- A link goes only with its data key, so nothing has to set this back.
CREATE TRIGGER accounts_are_linked AFTER INSERT ON accounts
BEGIN
    UPDATE data_keys SET linked = 1 WHERE account_id = NEW.account_id;
END;
