-- The second schema: everything that a price can depend on, two more ways to pay, and the name by
-- which a provider is asked for the true cost, known before the reply ends.

DROP VIEW bill;

ALTER TABLE reply ADD COLUMN audio_input INTEGER;
ALTER TABLE reply ADD COLUMN audio_output INTEGER;
ALTER TABLE reply ADD COLUMN image_output INTEGER;
ALTER TABLE reply ADD COLUMN searches INTEGER;

-- What the provider calls the reply; a salon that is killed leaves no ledger row that could say it.
ALTER TABLE attempt ADD COLUMN generation_id TEXT;

-- A check of a column cannot be changed in place: the ledger moves, row by row as it is.
CREATE TABLE ledger_2 (
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
    audio_input    INTEGER,
    audio_output   INTEGER,
    image_output   INTEGER,
    searches       INTEGER,
    tier           TEXT,
    raw_usage      TEXT,
    prices         TEXT,
    amount         INTEGER,
    source         TEXT    NOT NULL CHECK (source IN ('unknown', 'estimated', 'computed', 'reported')),
    tariff         TEXT    NOT NULL CHECK (tariff IN ('metered', 'local', 'play', 'free', 'subscription')),
    computed       INTEGER,
    ttft_ms        INTEGER,
    duration_ms    INTEGER NOT NULL,
    finish         TEXT,
    error_class    TEXT,
    PRIMARY KEY (attempt, seq),
    CHECK ((amount IS NULL) = (source = 'unknown'))
) STRICT;
INSERT INTO ledger_2 (attempt, seq, origin, at, served_model, upstream, generation_id, input, cache_read,
                      cache_write, cache_write_1h, output, reasoning, raw_usage, prices, amount, source, tariff,
                      computed, ttft_ms, duration_ms, finish, error_class)
SELECT attempt, seq, origin, at, served_model, upstream, generation_id, input, cache_read,
       cache_write, cache_write_1h, output, reasoning, raw_usage, prices, amount, source, tariff,
       computed, ttft_ms, duration_ms, finish, error_class
FROM ledger;
DROP TABLE ledger;
ALTER TABLE ledger_2 RENAME TO ledger;

CREATE TRIGGER ledger_is_not_changed BEFORE UPDATE ON ledger
BEGIN
    SELECT raise(ABORT, 'the ledger is only added to');
END;
CREATE TRIGGER ledger_is_not_deleted BEFORE DELETE ON ledger
BEGIN
    SELECT raise(ABORT, 'the ledger is only added to');
END;

-- As before, and with all kinds of tokens, what our own prices say, and the generation's name.
CREATE VIEW bill AS
SELECT a.id, a.reply, a.n, a.at, a.door, a.room, a.turn, a.seat, a.provider, a.model, a.key_alias, a.who, a.tag,
       l.seq, l.input, l.cache_read, l.cache_write, l.cache_write_1h, l.output, l.reasoning,
       l.audio_input, l.audio_output, l.image_output, l.searches,
       l.amount, l.source, l.tariff, l.computed, coalesce(l.generation_id, a.generation_id) AS generation_id
FROM attempt AS a
JOIN ledger AS l ON l.attempt = a.id AND l.seq = (SELECT max(m.seq) FROM ledger AS m WHERE m.attempt = a.id);
