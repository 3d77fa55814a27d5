package dev.portward

/** Overwritten once it was used, whatever is thrown. */
internal inline fun <T> ByteArray.spent(use: (ByteArray) -> T): T =
    try {
        use(this)
    } finally {
        fill(0)
    }
