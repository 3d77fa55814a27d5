use crate::database::Schema;

/// The tables of the key store.
pub(crate) static SCHEMA: Schema = Schema {
    pragmas: &[
        // A write-ahead log would keep the slots of keys that were destroyed.
        "PRAGMA journal_mode = DELETE",
        "PRAGMA synchronous = FULL",
        "PRAGMA secure_delete = ON",
        "PRAGMA busy_timeout = 5000",
    ],
    sqlite: sqlx::migrate!("migrations/keys/sqlite"),
    postgres: ("portward_keys", sqlx::migrate!("migrations/keys/postgres")),
    locked: "tenant_kek",
};
