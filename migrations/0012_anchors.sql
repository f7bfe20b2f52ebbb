-- The message that says that X is being asked, now for each thing that X is asked for.
CREATE TABLE anchors_of (
    chat_id    INTEGER NOT NULL,
    errand     TEXT    NOT NULL,
    message_id INTEGER NOT NULL,
    PRIMARY KEY (chat_id, errand)
) STRICT, WITHOUT ROWID;

INSERT INTO anchors_of (chat_id, errand, message_id) SELECT chat_id, 'check', message_id FROM anchors;

DROP TABLE anchors;

ALTER TABLE anchors_of RENAME TO anchors;
