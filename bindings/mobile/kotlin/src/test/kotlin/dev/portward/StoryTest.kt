package dev.portward

import java.nio.file.Path
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** `examples/kotlin` against a real portal. */
class StoryTest {
    @Test
    fun `the holder's story`(@TempDir folder: Path) {
        val told = mutableListOf<String>()
        tellStory(portalProgram, folder) { told += it }
        val expected = listOf(
            "a LINK for ada of studio-7, # days left",
            "it grants [files:read, files:upload, files:delete, invoices:read]",
            "a copy for [accountant], for [contract], sealed: true",
            "it cannot be narrowed again: sealed",
            "a cut link is told from a whole one: bad_base64",
            "a SESSION for # seconds",
            "renewed until #",
            "from the cache: %PDF-1.7",
            "under another name it does not open: wrong_commitment",
            "the session after that: refused",
            "the link after that: refused",
            "the copy after that: refused",
        )
        assertEquals(expected, told.map { it.replace(Regex("\\d+(?= days| seconds)|(?<=until )\\d+"), "#") })
    }
}
