-- Names are compared as bytes, as SQLite does, and no index depends on the version of a collation.
CREATE TABLE tenant_kek (
    tenant   TEXT COLLATE "C" NOT NULL,
    id       BYTEA  NOT NULL,
    version  BIGINT NOT NULL,
    state    TEXT COLLATE "C" NOT NULL,
    slot     BYTEA,
    "check"  BYTEA  NOT NULL,
    created  BIGINT NOT NULL,
    changed  BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    root     BYTEA  NOT NULL,
    mac      BYTEA  NOT NULL,
    PRIMARY KEY (tenant, id, version)
);

CREATE UNIQUE INDEX tenant_kek_active ON tenant_kek (tenant) WHERE state = 'active';

CREATE TABLE data_key (
    tenant   TEXT COLLATE "C" NOT NULL,
    scope    TEXT COLLATE "C" NOT NULL,
    id       BYTEA  NOT NULL,
    state    TEXT COLLATE "C" NOT NULL,
    slot     BYTEA,
    "check"  BYTEA  NOT NULL,
    cost     BYTEA  NOT NULL,
    created  BIGINT NOT NULL,
    changed  BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    root     BYTEA  NOT NULL,
    mac      BYTEA  NOT NULL,
    PRIMARY KEY (tenant, scope, id)
);

CREATE UNIQUE INDEX data_key_active ON data_key (tenant, scope) WHERE state = 'active';

CREATE TABLE key_tombstone (
    tenant TEXT COLLATE "C" NOT NULL,
    id     BYTEA  NOT NULL,
    at     BIGINT NOT NULL,
    root   BYTEA  NOT NULL,
    mac    BYTEA  NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE tenant_minimum (
    tenant   TEXT COLLATE "C" NOT NULL,
    id       BYTEA  NOT NULL,
    minimum  BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    root     BYTEA  NOT NULL,
    mac      BYTEA  NOT NULL,
    PRIMARY KEY (tenant, id)
);
