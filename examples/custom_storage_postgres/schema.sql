-- What the backend needs. It runs this whenever it is opened, so that each
-- statement must do no harm to what is there.

-- A row for every name that was ever used. It outlives its versions, because a
-- version number is never used again; and it is the lock that savers of one name
-- wait for.
CREATE TABLE IF NOT EXISTS prompts (
    name  text COLLATE "C" PRIMARY KEY,     -- "C": compared by bytes, as names are
    high  integer     NOT NULL,             -- the highest version ever used
    saved timestamptz NOT NULL              -- when that was
);

CREATE TABLE IF NOT EXISTS prompt_versions (
    name       text COLLATE "C" NOT NULL REFERENCES prompts,
    version    integer     NOT NULL,
    source     text        NOT NULL,
    metadata   jsonb       NOT NULL,
    tags       jsonb       NOT NULL, -- an array: the order of tags counts
    created_at timestamptz NOT NULL,
    created_by text        NOT NULL,
    tenant_id  text        NOT NULL,
    PRIMARY KEY (name, version)      -- the backstop: no number twice, whatever the code does
);

CREATE INDEX IF NOT EXISTS prompt_versions_tags ON prompt_versions USING gin (tags jsonb_path_ops);
