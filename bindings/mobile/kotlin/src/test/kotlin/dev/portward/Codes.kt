package dev.portward

import org.junit.jupiter.api.Assertions.assertTrue

/** `bindings/mobile/codes.txt`: every code that a holder can meet, and the exceptions that carry it. */
object Codes {
    val all: Map<String, Set<String>> = Testkit.file("bindings/mobile/codes.txt").readLines().associate { line ->
        line.split(" ").let { words -> words.first() to words.drop(1).toSet() }
    }

    /** It is one of them, and of such a class. */
    fun check(error: PortwardException) {
        val name = error::class.java.simpleName
        assertTrue(name in all[error.code].orEmpty(), "${error.code} of $name is not in codes.txt")
    }
}
