/// What is about to be done. What is done in the database is told inside its transaction, so that nobody else does the same meanwhile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Operation {
    /// Something with one link.
    Link(EventKind),
    /// A session is made of one that ends.
    Renewed,
    /// One session is revoked.
    SessionRevoked,
    /// All of a client is revoked.
    ClientRevoked,
    /// All of a tenant is revoked.
    TenantRevoked,
    /// Everything is revoked.
    EverythingRevoked,
    /// Other changes go into the feed, tombstones for instance.
    Committed,
    /// A store begins, with tables that were empty.
    Begun,
    /// A store begins a new life after a restore.
    Recovered,
    /// A store decides what is revoked, in the place of the view of a directory.
    StoreDecides,
    /// What has ended is dropped from a store, and its rows go under the active root.
    Compacted,
    /// A tenant gets its first KEK.
    TenantKekMade,
    /// A tenant gets the next version of its KEK.
    TenantKekRotated,
    /// A version of a tenant's KEK opens nothing more.
    TenantKekRetired,
    /// A retired version of a tenant's KEK opens again.
    TenantKekReinstated,
    /// No version of a tenant's KEK below another opens anything more.
    MinimumRaised,
    /// A scope gets its first data key.
    DataKeyMade,
    /// A scope that has no data key to seal with begins anew, because somebody asked for it: one that was destroyed gets a key again.
    ScopeBegun,
    /// A scope gets its next data key.
    DataKeyRotated,
    /// A data key opens nothing more.
    DataKeyRetired,
    /// A retired data key opens again.
    DataKeyReinstated,
    /// A data key is destroyed, and its scope goes on.
    DataKeyDestroyed,
    /// The data keys of a scope are destroyed.
    ScopeDestroyed,
    /// Every key of a tenant is destroyed.
    TenantDestroyed,
    /// Keys that are destroyed, and came back with an older copy of the store, are destroyed again.
    Buried,
    /// KEKs of a tenant go under the present KEK of the deployment, or its rows under the active root.
    Rewrapped,
    /// A backup is made.
    BackedUp,
    /// A backup is restored.
    BackupRestored,
    /// Backups are removed.
    BackupsRemoved,
    /// A root key is made.
    RootMade,
    /// A root key signs from now on.
    RootActivated,
    /// A root key refuses everything.
    RootRetired,
    /// A retired root key checks again.
    RootReinstated,
    /// A root key is destroyed.
    RootDestroyed,
    /// A KEK is made, under which a keyring shall lie.
    KekMade,
    /// The keyring is kept in another way.
    KeyringProtected,
    /// The keyring is written into a recovery export.
    RecoveryExported,
    /// The keyring is made again of a recovery export.
    KeyringRecovered,
}

/// What happened to a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventKind {
    /// It was made.
    Issued,
    /// Its token was shown again.
    Shown,
    /// It got another label.
    Labelled,
    /// It ends later.
    Extended,
    /// It ends sooner.
    Shortened,
    /// It grants more.
    Widened,
    /// It grants less.
    Narrowed,
    /// Its uses were capped otherwise.
    Capped,
    /// It was paused.
    Paused,
    /// It was restored.
    Restored,
    /// It was revoked.
    Revoked,
    /// It was redeemed.
    Redeemed,
    /// A copy of it was revoked.
    CopyRevoked,
}

impl Operation {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Link(kind) => kind.name(),
            Self::Renewed => "renewed",
            Self::SessionRevoked => "session_revoked",
            Self::ClientRevoked => "client_revoked",
            Self::TenantRevoked => "tenant_revoked",
            Self::EverythingRevoked => "everything_revoked",
            Self::Committed => "committed",
            Self::Begun => "begun",
            Self::Recovered => "recovered",
            Self::StoreDecides => "store_decides",
            Self::Compacted => "compacted",
            Self::TenantKekMade => "tenant_kek_made",
            Self::TenantKekRotated => "tenant_kek_rotated",
            Self::TenantKekRetired => "tenant_kek_retired",
            Self::TenantKekReinstated => "tenant_kek_reinstated",
            Self::MinimumRaised => "minimum_raised",
            Self::DataKeyMade => "data_key_made",
            Self::ScopeBegun => "scope_begun",
            Self::DataKeyRotated => "data_key_rotated",
            Self::DataKeyRetired => "data_key_retired",
            Self::DataKeyReinstated => "data_key_reinstated",
            Self::DataKeyDestroyed => "data_key_destroyed",
            Self::ScopeDestroyed => "scope_destroyed",
            Self::TenantDestroyed => "tenant_destroyed",
            Self::Buried => "buried",
            Self::Rewrapped => "rewrapped",
            Self::BackedUp => "backed_up",
            Self::BackupRestored => "backup_restored",
            Self::BackupsRemoved => "backups_removed",
            Self::RootMade => "root_made",
            Self::RootActivated => "root_activated",
            Self::RootRetired => "root_retired",
            Self::RootReinstated => "root_reinstated",
            Self::RootDestroyed => "root_destroyed",
            Self::KekMade => "kek_made",
            Self::KeyringProtected => "keyring_protected",
            Self::RecoveryExported => "recovery_exported",
            Self::KeyringRecovered => "keyring_recovered",
        }
    }
}

impl EventKind {
    #[cfg(feature = "links")]
    pub(crate) const ALL: [Self; 13] = [
        Self::Issued,
        Self::Shown,
        Self::Labelled,
        Self::Extended,
        Self::Shortened,
        Self::Widened,
        Self::Narrowed,
        Self::Capped,
        Self::Paused,
        Self::Restored,
        Self::Revoked,
        Self::Redeemed,
        Self::CopyRevoked,
    ];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Shown => "shown",
            Self::Labelled => "labelled",
            Self::Extended => "extended",
            Self::Shortened => "shortened",
            Self::Widened => "widened",
            Self::Narrowed => "narrowed",
            Self::Capped => "capped",
            Self::Paused => "paused",
            Self::Restored => "restored",
            Self::Revoked => "revoked",
            Self::Redeemed => "redeemed",
            Self::CopyRevoked => "copy_revoked",
        }
    }
}
