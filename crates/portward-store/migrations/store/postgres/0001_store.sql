CREATE TABLE link (
    tenant      TEXT    NOT NULL,
    id          BYTEA  NOT NULL,
    client      TEXT    NOT NULL,
    head        BYTEA  NOT NULL,
    "check"     BYTEA  NOT NULL,
    label       TEXT,
    expires     BIGINT NOT NULL,
    permissions BYTEA  NOT NULL,
    resources   BYTEA,
    uses_max    BIGINT,
    uses        BIGINT NOT NULL,
    state       TEXT    NOT NULL,
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
CREATE INDEX link_client ON link (tenant, client, created, id);

CREATE TABLE chain (
    tenant      TEXT    NOT NULL,
    link        BYTEA  NOT NULL,
    id          BYTEA  NOT NULL,
    copies      BYTEA  NOT NULL,
    permissions BYTEA  NOT NULL,
    resources   BYTEA,
    audience    TEXT,
    expires     BIGINT NOT NULL,
    recipients  TEXT,
    uses        BIGINT NOT NULL,
    first_used  BIGINT NOT NULL,
    last_used   BIGINT NOT NULL,
    root        BYTEA  NOT NULL,
    mac         BYTEA  NOT NULL,
    PRIMARY KEY (tenant, link, id)
);

CREATE TABLE redemption (
    tenant  TEXT    NOT NULL,
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
    tenant TEXT    NOT NULL,
    link   BYTEA  NOT NULL,
    number BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    kind   TEXT    NOT NULL,
    detail TEXT,
    root   BYTEA  NOT NULL,
    mac    BYTEA  NOT NULL,
    PRIMARY KEY (tenant, link, number)
);

CREATE TABLE feed (
    incarnation BYTEA  NOT NULL,
    sequence    BIGINT NOT NULL,
    history     BYTEA  NOT NULL,
    snapshot    BIGINT NOT NULL,
    place       TEXT    NOT NULL,
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
