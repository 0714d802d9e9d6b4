-- One office, one database. The entries are the truth; everything else can be judged by them.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE entries (
    idx   BIGINT PRIMARY KEY,
    entry BLOB NOT NULL,
    leaf  BLOB NOT NULL
);

-- The primary key is the rule: never two roots for one size.
CREATE TABLE checkpoints (
    size BIGINT PRIMARY KEY,
    root BLOB NOT NULL,
    note TEXT NOT NULL
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
    idx    BIGINT PRIMARY KEY REFERENCES entries (idx),
    symbol TEXT NOT NULL,
    year   BIGINT NOT NULL,
    number BIGINT NOT NULL,
    sealed BLOB NOT NULL,
    UNIQUE (symbol, year, number)
);

-- state: entered → released | void
CREATE TABLE jobs (
    idx         BIGINT PRIMARY KEY REFERENCES entries (idx),
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
