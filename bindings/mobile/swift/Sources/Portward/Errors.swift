extension PortwardError {
    /// The stable code, in snake case, the same in every language.
    public var code: String { parts.code }

    /// A sentence for the log. Nothing of the input is in it.
    public var reason: String { parts.reason }

    /// What whoever sent the input may be told: `damaged`, `refused` or `unavailable`.
    public var publicAnswer: String { parts.publicAnswer }

    private var parts: (code: String, reason: String, publicAnswer: String) {
        switch self {
        case let .Refused(code, reason, publicAnswer), let .Unreadable(code, reason, publicAnswer),
            let .InvalidValue(code, reason, publicAnswer), let .Unavailable(code, reason, publicAnswer),
            let .Cancelled(code, reason, publicAnswer), let .Internal(code, reason, publicAnswer):
            return (code, reason, publicAnswer)
        }
    }
}
