-- Files that went along with a prompt, and which version of a reply was chosen.

-- `data` is base64, as every provider is sent it.
CREATE TABLE attachment (
    turn       BLOB    NOT NULL REFERENCES turn (id) ON DELETE CASCADE,
    no         INTEGER NOT NULL,
    media_type TEXT    NOT NULL,
    name       TEXT,
    data       TEXT    NOT NULL,
    PRIMARY KEY (turn, no)
) STRICT;

-- Where nothing is written here, the last version counts.
CREATE TABLE chosen (
    turn  BLOB    NOT NULL REFERENCES turn (id) ON DELETE CASCADE,
    seat  INTEGER NOT NULL,
    reply BLOB    NOT NULL,
    PRIMARY KEY (turn, seat)
) STRICT, WITHOUT ROWID;
