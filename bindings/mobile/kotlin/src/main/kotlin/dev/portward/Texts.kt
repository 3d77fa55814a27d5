package dev.portward

/** What the generated code asks before it makes anything of arguments: half of a surrogate pair is no character. */
internal fun checkTexts(vararg values: Any?) = values.forEach(::checkText)

private fun checkText(value: Any?): Unit = when (value) {
    is String -> if (!Charsets.UTF_8.newEncoder().canEncode(value)) throw malformed() else Unit
    is Collection<*> -> value.forEach(::checkText)
    is Map<*, *> -> checkTexts(value.keys, value.values)
    is HttpHeader -> checkTexts(value.name, value.value)
    is Narrowing -> checkTexts(value.permissions, value.resources, value.audience, value.recipient)
    is ObjectName -> checkTexts(value.name, value.id, value.more)
    is Peeked -> checkTexts(value.nonce, value.cookie)
    else -> Unit
}

private fun malformed() = PortwardException.InvalidValue("text_malformed", "half of a surrogate pair is no character", "refused")

/** A panic in a function that throws nothing else. */
internal fun mistake() = PortwardException.Internal("internal", "a mistake in portward: please report it", "unavailable")

/** `toString` throws nothing: not of what was closed, nor of a text that is none. */
internal inline fun Any.shown(show: () -> String): String =
    try {
        show()
    } catch (_: Exception) {
        "${javaClass.simpleName}(..)"
    }
