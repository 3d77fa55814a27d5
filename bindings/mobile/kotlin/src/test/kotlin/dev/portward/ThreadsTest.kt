package dev.portward

import java.nio.file.Path
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import kotlin.io.path.readBytes
import kotlin.random.Random
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** Everything may be shared between threads. */
class ThreadsTest {
    @Test
    fun `one vault, many threads`() {
        runBlocking { Vault.create("t", "key", SoftwareKey()) }.use { vault ->
            val pool = Executors.newFixedThreadPool(8)
            val work = List(8) { thread ->
                Callable {
                    repeat(200) { turn ->
                        val (name, bytes) = ObjectName("n", "$thread-$turn") to Random(turn).nextBytes(turn * 10)
                        assertArrayEquals(bytes, vault.openRecord(name, vault.seal(name, bytes)))
                    }
                }
            }
            pool.invokeAll(work).forEach { it.get() }
            pool.shutdown()
        }
    }

    @Test
    fun `one vault, many coroutines and files`(@TempDir folder: Path): Unit = runBlocking(Dispatchers.Default) {
        Vault.create("t", "key", SoftwareKey()).use { vault ->
            List(32) { number ->
                async {
                    val (name, bytes) = ObjectName("n", "$number") to Random(number).nextBytes(number * 5_000)
                    val (plain, sealed) = folder.resolve("plain-$number").write(bytes) to folder.resolve("sealed-$number")
                    vault.sealFile(name, plain.toString(), sealed.toString())
                    vault.openFile(name, sealed.toString(), plain.toString())
                    assertArrayEquals(bytes, plain.readBytes())
                }
            }.awaitAll()
        }
    }

    @Test
    fun `one reader, many coroutines`(@TempDir folder: Path): Unit = runBlocking(Dispatchers.Default) {
        Vault.create("t", "key", SoftwareKey()).use { vault ->
            val (name, bytes) = ObjectName("n", "1") to Random(1).nextBytes(300_000)
            vault.sealFile(name, folder.resolve("plain").write(bytes).toString(), "$folder/sealed")
            vault.openParts(name, "$folder/sealed").use { reader ->
                List(100) { number ->
                    async {
                        val from = number * 2_900
                        assertArrayEquals(bytes.copyOfRange(from, from + 5_000), reader.read(from.toULong(), 5_000u))
                    }
                }.awaitAll()
            }
        }
    }

    @Test
    fun `work that was begun goes on when its vault is closed`(@TempDir folder: Path): Unit = runBlocking {
        val vault = Vault.create("t", "key", SoftwareKey())
        val plain = folder.resolve("plain").write(ByteArray(8 shl 20)).toString()
        var turns = 0
        val closing = WorkProgress { true.also { if (turns++ == 0) vault.close() } }
        assertEquals((8u shl 20).toULong(), vault.sealFile(ObjectName("n", "1"), plain, "$folder/sealed", closing))
        assertTrue(turns > 1)
        assertThrows(IllegalStateException::class.java) { vault.tenant() }
    }

    @Test
    fun `many short-lived objects`() {
        val token = Testkit.subject("token").cases("verify_link").first().text("token")
        repeat(20_000) { UntrustedToken(token).use { assertEquals(TokenKind.LINK, it.kind()) } }
    }
}
