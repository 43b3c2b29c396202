-- What prompty's mysql driver keeps in its database: schema version 1.
-- Running this again changes nothing.

-- One row for every name that ever was. It stays when the name is deleted, so
-- that no version number is used again.
CREATE TABLE IF NOT EXISTS prompty_heads (
  name       VARBINARY(266)  NOT NULL PRIMARY KEY, -- UTF-8
  high       INT UNSIGNED    NOT NULL,             -- the highest version ever
  latest     INT UNSIGNED    NOT NULL,             -- the latest that was not deleted; 0: none
  changes    BIGINT UNSIGNED NOT NULL,             -- how often the name was changed
  changed_at DATETIME(6)     NOT NULL,             -- when it was last changed; UTC, as all times here
  saved_at   DATETIME(6)     NOT NULL,             -- when version high was saved
  KEY prompty_heads_changed_at (changed_at)
) ENGINE=InnoDB;

-- One row for every version ever saved. Only deleted_at changes, once.
CREATE TABLE IF NOT EXISTS prompty_versions (
  name       VARBINARY(266) NOT NULL,
  version    INT UNSIGNED   NOT NULL,
  created_at DATETIME(6)    NOT NULL,
  deleted_at DATETIME(6)    NULL, -- NULL: it is there
  created_by LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  tenant_id  LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  tags       LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, -- a JSON list of strings; '': none
  metadata   LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, -- a JSON object of strings; '': none
  source     LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (name, version DESC)
) ENGINE=InnoDB;

-- What versions are found by: 'tag:' and a tag, 'author:' and created_by,
-- 'tenant:' and tenant_id. One of more than 255 bytes is cut after 180, followed
-- by '#' and the SHA-256 of the whole in hexadecimal digits.
CREATE TABLE IF NOT EXISTS prompty_terms (
  term    VARBINARY(255) NOT NULL,
  name    VARBINARY(266) NOT NULL,
  version INT UNSIGNED   NOT NULL,
  PRIMARY KEY (term, name, version DESC)
) ENGINE=InnoDB;

-- One row: the version of this schema. It comes last: when it is there, all is.
CREATE TABLE IF NOT EXISTS prompty_schema (
  one     TINYINT NOT NULL PRIMARY KEY,
  version INT     NOT NULL
) ENGINE=InnoDB;

INSERT IGNORE INTO prompty_schema (one, version) VALUES (1, 1);
