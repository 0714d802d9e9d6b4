-- One office, one database. The entries are the truth; everything else can be judged by them.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE entries (
    idx   INTEGER PRIMARY KEY,
    entry BLOB NOT NULL
);

-- Full tiles of hashes (C2SP tlog-tiles): derived from the entries, kept so that proofs and starting cost O(log n).
CREATE TABLE tiles (
    level  INTEGER NOT NULL,
    idx    INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (level, idx)
) WITHOUT ROWID;

-- The primary key is the rule: never two roots for one size. One a batch; after is the size of the one before it. Of the note
-- its signature line is kept: the text before it is origin (the key's name), size and root.
CREATE TABLE checkpoints (
    size  INTEGER PRIMARY KEY,
    after INTEGER NOT NULL,
    root  BLOB NOT NULL,
    note  TEXT NOT NULL
);

-- Issues that are not in force any more, and the entry that says so; derived from the entries.
CREATE TABLE states (
    idx    INTEGER PRIMARY KEY REFERENCES entries (idx),
    by_idx INTEGER NOT NULL REFERENCES entries (idx)
);

-- Entries that change a key; derived from the entries.
CREATE TABLE key_changes (
    idx INTEGER PRIMARY KEY REFERENCES entries (idx)
);

-- What an entry was asked for with: the same key gives the same entry again.
CREATE TABLE requests (
    request_key BLOB PRIMARY KEY,
    idx         INTEGER NOT NULL REFERENCES entries (idx)
) WITHOUT ROWID;

-- What witnesses signed: lines of a note over the checkpoint of this size.
CREATE TABLE cosignatures (
    size INTEGER NOT NULL REFERENCES checkpoints (size),
    name TEXT NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (size, name)
) WITHOUT ROWID;

-- Signed status lists by the size they cover; made is in seconds since 1970.
CREATE TABLE status_lists (
    size INTEGER PRIMARY KEY,
    made INTEGER NOT NULL,
    note BLOB NOT NULL
);

CREATE TABLE books (
    symbol       TEXT NOT NULL,
    year         BIGINT NOT NULL,
    first_number BIGINT NOT NULL,
    last_number  BIGINT NOT NULL, -- first_number - 1 while the book is empty
    closed_at    TEXT,
    PRIMARY KEY (symbol, year)
);

-- Register rows are sealed under the book's own key: they outlive the erasure of a document.
CREATE TABLE register (
    idx    INTEGER PRIMARY KEY REFERENCES entries (idx),
    symbol TEXT NOT NULL,
    year   BIGINT NOT NULL,
    number BIGINT NOT NULL,
    sealed BLOB NOT NULL,
    UNIQUE (symbol, year, number)
);

-- state: entered → released | void
CREATE TABLE jobs (
    idx         INTEGER PRIMARY KEY REFERENCES entries (idx),
    job_key     BLOB NOT NULL,
    copy_id     TEXT NOT NULL UNIQUE,
    folder      TEXT NOT NULL,
    wrapped_key BLOB NOT NULL,
    record      BLOB NOT NULL,
    signed_at   TEXT NOT NULL,
    state       TEXT NOT NULL,
    copy_digest BLOB,
    problem     TEXT
);
CREATE INDEX jobs_by_key ON jobs (job_key);
CREATE INDEX jobs_by_state ON jobs (state);
