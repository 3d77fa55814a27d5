package dev.portward

import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** `examples/kotlin` against a real portal: `cargo build -p portward-http --example portal --features axum,store`. */
class StoryTest {
    @Test
    fun `the holder's story`(@TempDir folder: Path) {
        val program = Testkit.file("target/debug/examples/portal")
        assumeTrue(program.canExecute(), "no portal was built")
        val portal = ProcessBuilder(program.path).redirectError(ProcessBuilder.Redirect.INHERIT).start()
        try {
            val said = portal.inputReader()
            val revoke = {
                portal.outputWriter().run {
                    write("revoke\n")
                    flush()
                }
                assertEquals("revoked", said.readLine())
            }
            val told = mutableListOf<String>()
            runBlocking { story(said.readLine(), folder, SoftwareKey(), revoke) { told += it } }
            assertTrue(told.last().contains("refused"), "$told")
            assertTrue(told.size > 8, "$told")
        } finally {
            portal.outputWriter().close()
            if (!portal.waitFor(5, TimeUnit.SECONDS)) portal.destroyForcibly()
        }
    }
}
