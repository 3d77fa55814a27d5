package dev.portward

/** The stable code, in snake case, the same in every language. */
val PortwardException.code: String
    get() = when (this) {
        is PortwardException.Refused -> code
        is PortwardException.Unreadable -> code
        is PortwardException.InvalidValue -> code
        is PortwardException.Unavailable -> code
        is PortwardException.Cancelled -> code
        is PortwardException.Internal -> code
    }

/** A sentence for the log. Nothing of the input is in it. */
val PortwardException.reason: String
    get() = when (this) {
        is PortwardException.Refused -> reason
        is PortwardException.Unreadable -> reason
        is PortwardException.InvalidValue -> reason
        is PortwardException.Unavailable -> reason
        is PortwardException.Cancelled -> reason
        is PortwardException.Internal -> reason
    }

/** What whoever sent the input may be told: `damaged`, `refused` or `unavailable`. */
val PortwardException.publicAnswer: String
    get() = when (this) {
        is PortwardException.Refused -> publicAnswer
        is PortwardException.Unreadable -> publicAnswer
        is PortwardException.InvalidValue -> publicAnswer
        is PortwardException.Unavailable -> publicAnswer
        is PortwardException.Cancelled -> publicAnswer
        is PortwardException.Internal -> publicAnswer
    }
