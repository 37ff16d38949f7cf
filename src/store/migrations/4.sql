-- What was told beside a reply, of how it was asked for or counted, stays with it.

ALTER TABLE reply ADD COLUMN notes TEXT NOT NULL DEFAULT '[]';

-- A check of a column cannot be changed in place: what is in flight moves, piece by piece as it is.
CREATE TABLE delta_2 (
    reply BLOB    NOT NULL REFERENCES reply (id) ON DELETE CASCADE,
    seq   INTEGER NOT NULL,
    kind  INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 5),
    text  TEXT    NOT NULL,
    PRIMARY KEY (reply, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO delta_2 (reply, seq, kind, text) SELECT reply, seq, kind, text FROM delta;
DROP TABLE delta;
ALTER TABLE delta_2 RENAME TO delta;
