CREATE TABLE tenant_kek (
    tenant   TEXT    NOT NULL,
    id       BLOB    NOT NULL,
    version  INTEGER NOT NULL,
    state    TEXT    NOT NULL,
    slot     BLOB,
    "check"  BLOB    NOT NULL,
    created  INTEGER NOT NULL,
    changed  INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    root     BLOB    NOT NULL,
    mac      BLOB    NOT NULL,
    PRIMARY KEY (tenant, id, version)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX tenant_kek_active ON tenant_kek (tenant) WHERE state = 'active';

CREATE TABLE data_key (
    tenant   TEXT    NOT NULL,
    scope    TEXT    NOT NULL,
    id       BLOB    NOT NULL,
    state    TEXT    NOT NULL,
    slot     BLOB,
    "check"  BLOB    NOT NULL,
    cost     BLOB    NOT NULL,
    created  INTEGER NOT NULL,
    changed  INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    root     BLOB    NOT NULL,
    mac      BLOB    NOT NULL,
    PRIMARY KEY (tenant, scope, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX data_key_active ON data_key (tenant, scope) WHERE state = 'active';

CREATE TABLE key_tombstone (
    tenant TEXT    NOT NULL,
    id     BLOB    NOT NULL,
    at     INTEGER NOT NULL,
    root   BLOB    NOT NULL,
    mac    BLOB    NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
