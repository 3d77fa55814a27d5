//! The rows of the performance page and the goal of each.

/// What a row compares; every name is the id of a benchmark.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) ours: &'static str,
    /// The least work that any implementation has to do.
    pub(crate) floor: Option<&'static str>,
    pub(crate) peers: &'static [&'static str],
    pub(crate) goals: &'static [Goal],
    pub(crate) ciphers: Ciphers,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ciphers {
    /// There is none in it, or only the portable one.
    One,
    /// Once more with `fast-aes`: the group of each id then ends in `-fast`, and the row has a second line.
    Both,
}

pub(crate) enum Goal {
    /// At most this many times the floor.
    Floor(f64),
    /// At least this many times faster than each of these peers.
    Faster(f64, &'static [&'static str]),
    /// At most this many nanoseconds.
    Nanoseconds(f64),
}

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "verify a link",
        ours: "verify/ours",
        floor: Some("verify/floor"),
        peers: &["verify/jsonwebtoken", "verify/pasetors", "verify/biscuit-auth", "verify/macaroon"],
        goals: &[Goal::Floor(1.3), Goal::Faster(8.0, &["verify/jsonwebtoken"])],
        ciphers: Ciphers::One,
    },
    Row { name: "verify a link, tenant key not cached", ours: "verify-cold/ours", ..BARE },
    Row {
        name: "issue a link",
        ours: "issue/ours",
        floor: Some("issue/floor"),
        peers: &["issue/jsonwebtoken", "issue/pasetors", "issue/biscuit-auth", "issue/macaroon"],
        goals: &[Goal::Floor(1.5)],
        ciphers: Ciphers::One,
    },
    Row { name: "issue a link, tenant key not cached", ours: "issue-cold/ours", ..BARE },
    Row {
        name: "issue, randomness and all (floor: without randomness)",
        ours: "issue/ours",
        floor: Some("issue-given-id/floor"),
        ..BARE
    },
    Row { name: "verify a chain of 8", ours: "chain8/ours", floor: Some("chain8/floor"), ..BARE },
    Row {
        name: "refuse 1 MB of rubbish (floor: 1 KB)",
        ours: "rubbish/1MB",
        floor: Some("rubbish/1KB"),
        // The same time, give or take the noise of the measurement.
        goals: &[Goal::Floor(1.1)],
        ..BARE
    },
    Row {
        name: "seal a file of 16 MiB (floor: the raw cipher)",
        ours: "seal-file/ours",
        floor: Some("seal-file/floor"),
        // 0.95 of its speed.
        goals: &[Goal::Floor(1.053)],
        ciphers: Ciphers::Both,
        ..BARE
    },
    Row {
        name: "seal a file of 16 MiB, two cores (floor: one, both by the wall)",
        ours: "seal-file-wall/two",
        floor: Some("seal-file-wall/one"),
        // 1.9 times as fast.
        goals: &[Goal::Floor(0.527)],
        ciphers: Ciphers::Both,
        ..BARE
    },
    Row {
        name: "open a file of 16 MiB (floor: the raw cipher)",
        ours: "open-file/ours",
        floor: Some("open-file/floor"),
        ciphers: Ciphers::Both,
        ..BARE
    },
    Row {
        name: "seal a record of 1 KiB",
        ours: "record-1KiB/seal",
        floor: Some("record-1KiB/floor"),
        goals: &[Goal::Floor(1.3)],
        ciphers: Ciphers::Both,
        ..BARE
    },
    Row { name: "open a record of 1 KiB", ours: "record-1KiB/open", ciphers: Ciphers::Both, ..BARE },
    Row {
        name: "seal a record of 64 B",
        ours: "record-64B/seal",
        floor: Some("record-64B/floor"),
        ciphers: Ciphers::Both,
        ..BARE
    },
    Row { name: "seal a record of 64 KiB", ours: "record-64KiB/seal", ciphers: Ciphers::Both, ..BARE },
    Row { name: "look up, 10 k entries, miss", ours: "view/10k-miss", floor: Some("view/10k-floor"), ..BARE },
    Row { name: "look up, 1 M entries, miss", ours: "view/1M-miss", floor: Some("view/1M-floor"), ..BARE },
    Row { name: "look up, 1 M entries, hit", ours: "view/1M-hit", ..BARE },
    Row {
        name: "look up, 10 M entries, miss, many asked for at once (floor: one read at random)",
        ours: "view/10M-miss-together",
        floor: Some("view/10M-floor"),
        goals: &[Goal::Nanoseconds(30.0)],
        ..BARE
    },
    Row { name: "look up, 10 M entries, miss, one after the other", ours: "view/10M-miss", ..BARE },
    Row { name: "look up, 10 M entries, miss, dependent", ours: "view-dependent/10M-miss", ..BARE },
    Row { name: "apply a revocation to 10 M", ours: "view-apply/10M", goals: &[Goal::Nanoseconds(1e6)], ..BARE },
];

/// Every measured id with this prefix gets a row of its own.
pub(crate) const OPEN_PREFIX: &str = "refuse/";

const BARE: Row = Row { name: "", ours: "", floor: None, peers: &[], goals: &[], ciphers: Ciphers::One };
