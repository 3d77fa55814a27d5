CREATE TABLE link (
    tenant      TEXT COLLATE "C"    NOT NULL,
    id          BYTEA  NOT NULL,
    client      TEXT COLLATE "C"    NOT NULL,
    head        BYTEA  NOT NULL,
    "check"     BYTEA  NOT NULL,
    label       TEXT COLLATE "C",
    expires     BIGINT NOT NULL,
    permissions BYTEA  NOT NULL,
    resources   BYTEA,
    uses_max    BIGINT,
    uses        BIGINT NOT NULL,
    state       TEXT COLLATE "C"    NOT NULL,
    revision    BIGINT NOT NULL,
    events      BIGINT NOT NULL,
    created     BIGINT NOT NULL,
    changed     BIGINT NOT NULL,
    last_used   BIGINT,
    root        BYTEA  NOT NULL,
    mac         BYTEA  NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE INDEX link_created ON link (tenant, created, id);
CREATE INDEX link_newest ON link (created);
CREATE INDEX link_client ON link (tenant, client, created, id);

CREATE TABLE chain (
    tenant      TEXT COLLATE "C"    NOT NULL,
    link        BYTEA  NOT NULL,
    id          BYTEA  NOT NULL,
    copies      BYTEA  NOT NULL,
    permissions BYTEA  NOT NULL,
    resources   BYTEA,
    audience    TEXT COLLATE "C",
    expires     BIGINT NOT NULL,
    recipients  TEXT COLLATE "C",
    uses        BIGINT NOT NULL,
    first_used  BIGINT NOT NULL,
    last_used   BIGINT NOT NULL,
    root        BYTEA  NOT NULL,
    mac         BYTEA  NOT NULL,
    PRIMARY KEY (tenant, link, id)
);

CREATE TABLE redemption (
    tenant  TEXT COLLATE "C"    NOT NULL,
    link    BYTEA  NOT NULL,
    id      BYTEA  NOT NULL,
    chain   BYTEA  NOT NULL,
    expires BIGINT NOT NULL,
    root    BYTEA  NOT NULL,
    mac     BYTEA  NOT NULL,
    PRIMARY KEY (tenant, link, id)
);

CREATE INDEX redemption_expires ON redemption (expires);

CREATE TABLE link_event (
    tenant TEXT COLLATE "C"    NOT NULL,
    link   BYTEA  NOT NULL,
    number BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    kind   TEXT COLLATE "C"    NOT NULL,
    detail TEXT COLLATE "C",
    root   BYTEA  NOT NULL,
    mac    BYTEA  NOT NULL,
    PRIMARY KEY (tenant, link, number)
);

CREATE TABLE feed (
    incarnation BYTEA  NOT NULL,
    sequence    BIGINT NOT NULL,
    history     BYTEA  NOT NULL,
    snapshot    BIGINT NOT NULL,
    place       TEXT COLLATE "C"    NOT NULL,
    root        BYTEA  NOT NULL,
    mac         BYTEA  NOT NULL
);

CREATE TABLE feed_change (
    incarnation BYTEA  NOT NULL,
    sequence    BIGINT NOT NULL,
    body        BYTEA  NOT NULL,
    history     BYTEA  NOT NULL,
    root        BYTEA  NOT NULL,
    mac         BYTEA  NOT NULL,
    PRIMARY KEY (incarnation, sequence)
);

CREATE TABLE feed_snapshot (
    incarnation BYTEA  NOT NULL,
    sequence    BIGINT NOT NULL,
    part        BIGINT NOT NULL,
    bytes       BYTEA  NOT NULL,
    PRIMARY KEY (incarnation, sequence, part)
);
