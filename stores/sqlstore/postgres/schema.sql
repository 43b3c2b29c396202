-- Version 1 of the tables that prompty's driver "postgres" uses.

-- One row: the version of this schema.
CREATE TABLE prompty_schema (
    version integer NOT NULL
);

-- A row for every name that was ever used. It stays when the template is
-- deleted, because a version number is never used again.
CREATE TABLE prompty_heads (
    name    text COLLATE "C" PRIMARY KEY,
    high    integer     NOT NULL,                 -- the highest number ever used
    latest  integer     NOT NULL,                 -- the latest version; 0: there is none
    changes bigint      NOT NULL,                 -- how many saves and deletions there were
    saved   timestamptz NOT NULL,                 -- when version high was saved
    CHECK (high > 0 AND latest BETWEEN 0 AND high)
) WITH (fillfactor = 70);                         -- so that an update finds room beside the row

-- A row for every version. Deleted ones are marked: snapshots taken before still
-- see them. Once no program has such a snapshot, they may be removed by
-- DELETE FROM prompty_versions WHERE deleted IS NOT NULL.
CREATE TABLE prompty_versions (
    name       text COLLATE "C" NOT NULL,
    version    integer          NOT NULL CHECK (version > 0),
    source     text             NOT NULL,
    metadata   jsonb            NOT NULL DEFAULT '{}', -- an object of texts
    tags       jsonb            NOT NULL DEFAULT '[]', -- an array of texts
    created_at timestamptz      NOT NULL DEFAULT clock_timestamp(),
    created_by text COLLATE "C" NOT NULL DEFAULT '',
    tenant_id  text COLLATE "C" NOT NULL DEFAULT '',
    txid       xid8             NOT NULL DEFAULT pg_current_xact_id(), -- the transaction that saved it
    deleted    xid8,                                                   -- and the one that deleted it
    PRIMARY KEY (name, version),
    CHECK (jsonb_typeof(metadata) = 'object' AND NOT jsonb_path_exists(metadata, 'strict $.* ? (@.type() != "string")', silent => true)),
    CHECK (jsonb_typeof(tags) = 'array' AND NOT jsonb_path_exists(tags, 'strict $[*] ? (@.type() != "string")', silent => true))
);

-- What has changed since a transaction.
CREATE INDEX prompty_versions_txid    ON prompty_versions (txid);
CREATE INDEX prompty_versions_deleted ON prompty_versions (deleted) WHERE deleted IS NOT NULL;

-- What List asks for, in the order in which it wants it. An index holds no long
-- texts, so it has their beginnings.
CREATE INDEX prompty_versions_tags    ON prompty_versions USING gin (tags jsonb_path_ops) WHERE tags <> '[]';
CREATE INDEX prompty_versions_author  ON prompty_versions (left(created_by, 100), name, version DESC) WHERE created_by <> '';
CREATE INDEX prompty_versions_tenant  ON prompty_versions (left(tenant_id, 100), name, version DESC) WHERE tenant_id <> '';

INSERT INTO prompty_schema VALUES (1);
