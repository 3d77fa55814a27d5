CREATE TABLE link (
    tenant      TEXT    NOT NULL,
    id          BLOB    NOT NULL,
    client      TEXT    NOT NULL,
    head        BLOB    NOT NULL,
    "check"     BLOB    NOT NULL,
    label       TEXT,
    expires     INTEGER NOT NULL,
    permissions BLOB    NOT NULL,
    resources   BLOB,
    uses_max    INTEGER,
    uses        INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    revision    INTEGER NOT NULL,
    events      INTEGER NOT NULL,
    created     INTEGER NOT NULL,
    changed     INTEGER NOT NULL,
    last_used   INTEGER,
    root        BLOB    NOT NULL,
    mac         BLOB    NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX link_created ON link (tenant, created, id);
CREATE INDEX link_newest ON link (created);
CREATE INDEX link_client ON link (tenant, client, created, id);

CREATE TABLE chain (
    tenant      TEXT    NOT NULL,
    link        BLOB    NOT NULL,
    id          BLOB    NOT NULL,
    copies      BLOB    NOT NULL,
    permissions BLOB    NOT NULL,
    resources   BLOB,
    audience    TEXT,
    expires     INTEGER NOT NULL,
    recipients  TEXT,
    uses        INTEGER NOT NULL,
    first_used  INTEGER NOT NULL,
    last_used   INTEGER NOT NULL,
    root        BLOB    NOT NULL,
    mac         BLOB    NOT NULL,
    PRIMARY KEY (tenant, link, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE redemption (
    tenant  TEXT    NOT NULL,
    link    BLOB    NOT NULL,
    id      BLOB    NOT NULL,
    chain   BLOB    NOT NULL,
    expires INTEGER NOT NULL,
    root    BLOB    NOT NULL,
    mac     BLOB    NOT NULL,
    PRIMARY KEY (tenant, link, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX redemption_expires ON redemption (expires);

CREATE TABLE link_event (
    tenant TEXT    NOT NULL,
    link   BLOB    NOT NULL,
    number INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    detail TEXT,
    root   BLOB    NOT NULL,
    mac    BLOB    NOT NULL,
    PRIMARY KEY (tenant, link, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE feed (
    incarnation BLOB    NOT NULL,
    sequence    INTEGER NOT NULL,
    history     BLOB    NOT NULL,
    snapshot    INTEGER NOT NULL,
    place       TEXT    NOT NULL,
    root        BLOB    NOT NULL,
    mac         BLOB    NOT NULL
) STRICT;

CREATE TABLE feed_change (
    incarnation BLOB    NOT NULL,
    sequence    INTEGER NOT NULL,
    body        BLOB    NOT NULL,
    history     BLOB    NOT NULL,
    root        BLOB    NOT NULL,
    mac         BLOB    NOT NULL,
    PRIMARY KEY (incarnation, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE feed_snapshot (
    incarnation BLOB    NOT NULL,
    sequence    INTEGER NOT NULL,
    part        INTEGER NOT NULL,
    bytes       BLOB    NOT NULL,
    PRIMARY KEY (incarnation, sequence, part)
) STRICT;
