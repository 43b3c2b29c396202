-- What prompty's sqlite driver keeps in its database: schema version 1.
-- Running this again changes nothing.

BEGIN IMMEDIATE;

-- One row: the version of this schema.
CREATE TABLE IF NOT EXISTS prompty_schema (
  one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  version INTEGER NOT NULL
) STRICT;

-- One row for every name that ever was. It stays when the name is deleted, so
-- that no version number is used again.
CREATE TABLE IF NOT EXISTS prompty_heads (
  name     TEXT    NOT NULL PRIMARY KEY,
  high     INTEGER NOT NULL CHECK (high > 0), -- the highest version ever
  latest   INTEGER NOT NULL,                  -- the latest that was not deleted; 0: none
  changed  INTEGER NOT NULL,                  -- the number of the last change; all changes of all names are numbered 1, 2, 3 …
  saved_at INTEGER NOT NULL                   -- when version high was saved, in microseconds since 1970, UTC
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX IF NOT EXISTS prompty_heads_changed ON prompty_heads (changed);

-- One row for every version ever saved. Only removed changes, once.
CREATE TABLE IF NOT EXISTS prompty_versions (
  id         INTEGER NOT NULL PRIMARY KEY,
  name       TEXT    NOT NULL,
  version    INTEGER NOT NULL CHECK (version > 0),
  added      INTEGER NOT NULL,            -- the number of the change that saved it
  removed    INTEGER,                     -- … and of the one that deleted it; NULL: it is there
  created_at INTEGER NOT NULL,            -- microseconds since 1970, UTC
  created_by TEXT    NOT NULL DEFAULT '',
  tenant_id  TEXT    NOT NULL DEFAULT '',
  tags       TEXT    NOT NULL DEFAULT '', -- a JSON list of strings; '': none
  metadata   TEXT    NOT NULL DEFAULT '', -- a JSON object of strings; '': none
  source     TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX IF NOT EXISTS prompty_versions_number ON prompty_versions (name, version DESC);
CREATE UNIQUE INDEX IF NOT EXISTS prompty_versions_there ON prompty_versions (name, version DESC) WHERE removed IS NULL;
CREATE INDEX IF NOT EXISTS prompty_versions_tenant_id ON prompty_versions (tenant_id, name, version DESC) WHERE tenant_id <> '';
CREATE INDEX IF NOT EXISTS prompty_versions_created_by ON prompty_versions (created_by, name, version DESC) WHERE created_by <> '';

-- The tags again, to find versions by.
CREATE TABLE IF NOT EXISTS prompty_tags (
  tag     TEXT    NOT NULL,
  name    TEXT    NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (tag, name, version DESC)
) STRICT, WITHOUT ROWID;

INSERT INTO prompty_schema (one, version) VALUES (1, 1) ON CONFLICT DO NOTHING;

COMMIT;
