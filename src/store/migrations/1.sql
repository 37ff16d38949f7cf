-- The first schema. Ids are 16-byte BLOBs, times are UTC milliseconds, money is whole pico-dollars.
-- A migration is never edited after a release: what changes comes as the next file.

-- One row per running salon that has written something. A row whose lock file is free is of a dead one.
CREATE TABLE instance (
    id      BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    pid     INTEGER NOT NULL,
    started INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE room (
    id      BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name    TEXT    NOT NULL UNIQUE,
    hidden  INTEGER NOT NULL DEFAULT 0,
    context TEXT    NOT NULL DEFAULT 'own',
    draft   TEXT    NOT NULL DEFAULT '',
    at      INTEGER NOT NULL,
    -- The instance that may write the room. It counts only while that instance lives.
    writer  BLOB
) STRICT;
CREATE INDEX room_at ON room (hidden, at);

CREATE TABLE seat (
    room     BLOB    NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    no       INTEGER NOT NULL,
    position INTEGER NOT NULL,
    provider TEXT    NOT NULL,
    model    TEXT    NOT NULL,
    system   TEXT,
    params   TEXT    NOT NULL,
    muted    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (room, no)
) STRICT, WITHOUT ROWID;

-- `no` is the order of sending; clocks may jump.
CREATE TABLE turn (
    no      INTEGER PRIMARY KEY,
    id      BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    room    BLOB    NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    parent  BLOB,
    at      INTEGER NOT NULL,
    prompt  TEXT    NOT NULL,
    targets TEXT    NOT NULL
) STRICT;
CREATE INDEX turn_room ON turn (room, no);

-- `folded` is the highest seq of the deltas that are in the columns already.
CREATE TABLE reply (
    no             INTEGER PRIMARY KEY,
    id             BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    turn           BLOB    NOT NULL REFERENCES turn (id) ON DELETE CASCADE,
    seat           INTEGER NOT NULL,
    sibling        INTEGER NOT NULL,
    provider       TEXT    NOT NULL,
    model          TEXT    NOT NULL,
    status         TEXT    NOT NULL
        CHECK (status IN ('streaming', 'done', 'stopped', 'cut', 'failed', 'interrupted')),
    text           TEXT    NOT NULL DEFAULT '',
    thinking       TEXT    NOT NULL DEFAULT '',
    tool_calls     TEXT    NOT NULL DEFAULT '[]',
    opaque         TEXT    NOT NULL DEFAULT '[]',
    parts          TEXT    NOT NULL DEFAULT '[]',
    folded         INTEGER NOT NULL DEFAULT -1,
    input          INTEGER,
    cache_read     INTEGER,
    cache_write    INTEGER,
    cache_write_1h INTEGER,
    output         INTEGER,
    reasoning      INTEGER,
    amount         INTEGER,
    source         TEXT,
    tariff         TEXT,
    served_model   TEXT,
    upstream       TEXT,
    finish         TEXT,
    fault          TEXT,
    attempts       INTEGER NOT NULL DEFAULT 0,
    ttft_ms        INTEGER,
    total_ms       INTEGER,
    UNIQUE (turn, seat, sibling)
) STRICT;

-- What came of replies in flight; folded into the reply when it ends.
CREATE TABLE delta (
    reply BLOB    NOT NULL REFERENCES reply (id) ON DELETE CASCADE,
    seq   INTEGER NOT NULL,
    kind  INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 4),
    text  TEXT    NOT NULL,
    PRIMARY KEY (reply, seq)
) STRICT, WITHOUT ROWID;

-- One row per HTTP request. Reply, room and turn are named without a foreign key: what was spent
-- stays known when a room is deleted. `ended` is null while the request is in flight.
CREATE TABLE attempt (
    id        INTEGER PRIMARY KEY,
    reply     BLOB    NOT NULL,
    n         INTEGER NOT NULL,
    instance  BLOB    NOT NULL,
    at        INTEGER NOT NULL,
    door      TEXT    NOT NULL,
    room      BLOB,
    turn      BLOB,
    seat      INTEGER,
    provider  TEXT    NOT NULL,
    model     TEXT    NOT NULL,
    key_alias TEXT    NOT NULL,
    who       TEXT    NOT NULL,
    tag       TEXT,
    reserve   INTEGER,
    ended     INTEGER,
    UNIQUE (reply, n)
) STRICT;
CREATE INDEX attempt_at ON attempt (at);
CREATE INDEX attempt_room ON attempt (room, at);
CREATE INDEX attempt_open ON attempt (instance) WHERE ended IS NULL;

-- What attempts cost. Only ever added to: a later and better figure is a row with a higher seq.
CREATE TABLE ledger (
    attempt        INTEGER NOT NULL REFERENCES attempt (id),
    seq            INTEGER NOT NULL,
    origin         TEXT    NOT NULL CHECK (origin IN ('end', 'sweep', 'settle')),
    at             INTEGER NOT NULL,
    served_model   TEXT,
    upstream       TEXT,
    generation_id  TEXT,
    input          INTEGER,
    cache_read     INTEGER,
    cache_write    INTEGER,
    cache_write_1h INTEGER,
    output         INTEGER,
    reasoning      INTEGER,
    raw_usage      TEXT,
    prices         TEXT,
    amount         INTEGER,
    source         TEXT    NOT NULL CHECK (source IN ('unknown', 'estimated', 'computed', 'reported')),
    tariff         TEXT    NOT NULL CHECK (tariff IN ('metered', 'local', 'play')),
    computed       INTEGER,
    ttft_ms        INTEGER,
    duration_ms    INTEGER NOT NULL,
    finish         TEXT,
    error_class    TEXT,
    PRIMARY KEY (attempt, seq),
    CHECK ((amount IS NULL) = (source = 'unknown'))
) STRICT;

CREATE TRIGGER ledger_is_not_changed BEFORE UPDATE ON ledger
BEGIN
    SELECT raise(ABORT, 'the ledger is only added to');
END;
CREATE TRIGGER ledger_is_not_deleted BEFORE DELETE ON ledger
BEGIN
    SELECT raise(ABORT, 'the ledger is only added to');
END;

-- The one fold that every figure goes through: an attempt with its highest ledger row.
CREATE VIEW bill AS
SELECT a.id, a.reply, a.n, a.at, a.door, a.room, a.turn, a.seat, a.provider, a.model, a.key_alias, a.who, a.tag,
       l.seq, l.input, l.cache_read, l.cache_write, l.cache_write_1h, l.output, l.reasoning,
       l.amount, l.source, l.tariff
FROM attempt AS a
JOIN ledger AS l ON l.attempt = a.id AND l.seq = (SELECT max(m.seq) FROM ledger AS m WHERE m.attempt = a.id);

-- What salon remembers between starts.
CREATE TABLE memory (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
