use crate::error::error_codes;

error_codes! {
    /// Why an object does not open. For the operator; the public is told `unreadable`, whatever it is.
    pub enum OpenError {
        WrongTenant => "wrong_tenant", Caller, "the context is of another tenant than the keys";
        NotAnEnvelope => "not_an_envelope", Input, "this is no encrypted object";
        UnknownVersion => "unknown_version", Input, "the object is of a version that is not known here";
        UnknownSuite => "unknown_suite", Input, "the object is of a suite that is not known here";
        UnknownKind => "unknown_kind", Input, "the object is of a kind that is not known here";
        HeaderMalformed => "header_malformed", Input, "the header of the object is malformed";
        UnknownDataKey => "unknown_data_key", Input, "there is no such data key of this tenant and scope";
        DataKeyRetired => "data_key_retired", Input, "the data key is retired";
        DataKeyDestroyed => "data_key_destroyed", Input, "the data key is destroyed";
        NoSlot => "no_slot", Input, "no slot of the object is under a KEK of this tenant";
        UnwrapFailed => "unwrap_failed", Input, "the data key does not unwrap";
        KeyCheckMismatch => "key_check_mismatch", Input, "the unwrapped key is not the one that was wrapped";
        KekUnavailable => "kek_unavailable", Environment, "the provider of the KEK cannot be reached";
        WrongCommitment => "wrong_commitment", Input, "the object is of another key or another context";
        ChunkForged => "chunk_forged", Input, "a chunk of the object is not authentic";
        BodyTruncated => "body_truncated", Input, "the object ends too early";
        BodyTooLong => "body_too_long", Input, "the object is longer than an object may be";
        RecordTooLong => "record_too_long", Input, "a record has at most 1 MiB";
        Failed => "failed_before", Input, "an earlier part of the object was refused";
    }
}

impl OpenError {
    /// What the public is told: always the same.
    pub const fn public(self) -> &'static str {
        "unreadable"
    }
}

error_codes! {
    /// Why something is not sealed.
    pub enum SealError {
        WrongTenant => "wrong_tenant", Caller, "the context is of another tenant than the keys";
        NoActiveKey => "no_active_key", Caller, "there is no active data key of this tenant and scope";
        NoActiveKek => "no_active_kek", Caller, "there is no active KEK of this tenant";
        RecordTooLong => "record_too_long", Caller, "a record has at most 1 MiB";
        BodyTooLong => "body_too_long", Caller, "an object has at most 4 PiB";
        KeyExhausted => "key_exhausted", Caller, "as much was sealed under the data key as is safe: rotate it";
        AllowanceSpent => "allowance_spent", Caller, "as much was sealed as was reserved of the key's budget: load the key again";
        Slots => "slots", Caller, "an object has 1 to 16 slots of at most 16,383 bytes together";
        KekUnavailable => "kek_unavailable", Environment, "the provider of the KEK cannot be reached";
        KekRefused => "kek_refused", Environment, "the provider of the KEK refused to wrap";
        Random => "random_unavailable", Environment, "the operating system gave no random bytes";
    }
}
