package dev.portward

import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlin.io.path.exists
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.name
import kotlin.io.path.readBytes
import kotlin.random.Random
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.condition.EnabledOnOs
import org.junit.jupiter.api.condition.OS
import org.junit.jupiter.api.io.TempDir

class VaultTest {
    private val note = ObjectName("client.notes", "42")
    private val content = ObjectName("files.content", "1204", mapOf("x-version" to "3"))

    private suspend fun vault(key: DeviceKey = SoftwareKey()) = Vault.create("studio-7", "portward", key)

    @Test
    fun `a record comes back after a restart`(): Unit = runBlocking {
        val key = SoftwareKey()
        val (file, sealed) = vault(key).use { it.file() to it.seal(note, "Monday".toByteArray()) }
        assertEquals("portward", vaultKeyName(file))
        Vault.open(file, "studio-7", key).use { vault ->
            assertEquals("studio-7", vault.tenant())
            assertArrayEquals(file, vault.file())
            assertEquals("Monday", String(vault.openRecord(note, sealed)))
            assertArrayEquals(ByteArray(0), vault.openRecord(note, vault.seal(note, ByteArray(0))))
        }
    }

    @Test
    fun `it opens for what it is and for nothing else`(): Unit = runBlocking {
        val key = SoftwareKey()
        vault(key).use { vault ->
            val sealed = vault.seal(content, ByteArray(100))
            assertEquals(100, vault.openRecord(content, sealed).size)
            for (other in listOf(content.copy(id = "1205"), content.copy(name = "files.name"), content.copy(more = mapOf("x-version" to "2")), content.copy(more = emptyMap()))) {
                refused<PortwardException.Unreadable>("wrong_commitment") { vault.openRecord(other, sealed) }
            }
            for (place in listOf(21, 60, sealed.size - 1)) {
                val spoilt = sealed.copyOf().also { it[place] = (it[place].toInt() xor 1).toByte() }
                assertThrows(PortwardException.Unreadable::class.java) { vault.openRecord(content, spoilt) }
            }
            vault(key).use { another -> refused<PortwardException.Unreadable>("unknown_data_key") { another.openRecord(content, sealed) } }
        }
    }

    @Test
    fun `a vault of another tenant, another key or another state is refused`(): Unit = runBlocking {
        val key = SoftwareKey()
        val file = vault(key).use { it.file() }
        refused<PortwardException.InvalidValue>("vault_wrong_tenant") { Vault.open(file, "studio-8", key) }
        refused<PortwardException.Unreadable>("unwrap_failed") { Vault.open(file, "studio-7", SoftwareKey()) }
        val moved = String(file).replace("studio-7", "studio-8").toByteArray()
        refused<PortwardException.Unreadable>("unwrap_failed") { Vault.open(moved, "studio-8", key) }
        val newer = String(file).replace("\"version\": 1", "\"version\": 2").toByteArray()
        refused<PortwardException.Unavailable>("vault_newer_version") { Vault.open(newer, "studio-7", key) }
        refused<PortwardException.Unreadable>("vault_malformed") { Vault.open(file.copyOf(file.size - 4), "studio-7", key) }
        Vault.open(file, "studio-7", key).close()
    }

    @Test
    fun `files go there and back, of every length around a chunk`(@TempDir folder: Path): Unit = runBlocking {
        vault().use { vault ->
            for (length in listOf(0, 1, 16_383, 16_384, 16_385, 32_768, 1_000_000)) {
                val bytes = Random(length).nextBytes(length)
                val (plain, sealed, opened) = listOf("plain", "sealed", "opened").map { folder.resolve(it) }
                plain.write(bytes)
                assertEquals(length.toULong(), vault.sealFile(content, plain.toString(), sealed.toString()))
                assertEquals(length.toULong(), vault.openFile(content, sealed.toString(), opened.toString()))
                assertArrayEquals(bytes, opened.readBytes())
                if (length in 1..1_000) assertArrayEquals(bytes, vault.openRecord(content, sealed.readBytes()))
                vault.openParts(content, sealed.toString()).use { reader ->
                    assertEquals(length.toULong(), reader.length())
                    for ((from, count) in listOf(0 to 10, 16_380 to 10, length - 5 to 100, length to 1, 0 to length)) {
                        if (from < 0) continue
                        val end = minOf(from + count, length).coerceAtLeast(minOf(from, length))
                        assertArrayEquals(bytes.copyOfRange(minOf(from, length), end), reader.read(from.toULong(), count.toULong()))
                    }
                }
            }
            assertEquals(setOf("plain", "sealed", "opened"), folder.names())
        }
    }

    @Test
    fun `a file that was cut or swapped leaves the older one`(@TempDir folder: Path): Unit = runBlocking {
        vault().use { vault ->
            val plain = folder.resolve("plain").write(Random(1).nextBytes(100_000))
            val (sealed, target) = folder.resolve("sealed") to folder.resolve("target").write("older".toByteArray())
            vault.sealFile(content, plain.toString(), sealed.toString())
            val bytes = sealed.readBytes()
            for (length in listOf(0, 19, 75, 16_476, 76 + 16_400 * 6, bytes.size - 1)) {
                sealed.write(bytes.copyOf(length))
                assertThrows(PortwardException.Unreadable::class.java) {
                    runBlocking { vault.openFile(content, sealed.toString(), target.toString()) }
                }
                assertThrows(PortwardException.Unreadable::class.java) {
                    runBlocking { vault.openParts(content, sealed.toString()).use { it.read(0u, 10u) } }
                }
                assertEquals("older", String(target.readBytes()))
            }
            val chunk = 16_400
            val swapped = bytes.copyOf(76) + bytes.copyOfRange(76 + chunk, 76 + 2 * chunk) + bytes.copyOfRange(76, 76 + chunk) + bytes.copyOfRange(76 + 2 * chunk, bytes.size)
            sealed.write(swapped)
            refused<PortwardException.Unreadable>("chunk_forged") { vault.openFile(content, sealed.toString(), target.toString()) }
            assertEquals("older", String(target.readBytes()))
            assertEquals(setOf("plain", "sealed", "target"), folder.names())
            sealed.write(bytes)
            vault.openFile(content, sealed.toString(), target.toString())
            assertEquals(-1, Files.mismatch(plain, target), "whole, it opens")
            refused<PortwardException.Unavailable>("source_unreadable") { vault.openFile(content, "$folder/none", target.toString()) }
            refused<PortwardException.Unavailable>("target_unwritable") { vault.sealFile(content, plain.toString(), "$folder/none/target") }
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    fun `a large file takes no more memory than a small one`(@TempDir folder: Path): Unit = runBlocking {
        vault().use { vault ->
            val plain = folder.resolve("plain")
            Files.newOutputStream(plain).use { out -> repeat(96) { out.write(ByteArray(1 shl 20)) } }
            val (sealed, opened) = folder.resolve("sealed").toString() to folder.resolve("opened").toString()
            suspend fun grown(): Long {
                var most = 0L
                val before = memory()
                val watch = WorkProgress { true.also { most = maxOf(most, memory()) } }
                vault.sealFile(content, plain.toString(), sealed, watch)
                vault.openFile(content, sealed, opened, watch)
                return most - before
            }
            // What the JVM takes meanwhile counts, too: so the least of three.
            val least = (1..3).minOf { grown() }
            assertTrue(least < 48L shl 20, "${least shr 20} MiB more for 96 MiB")
            assertEquals(-1, Files.mismatch(plain, Path.of(opened)))
        }
    }

    private fun memory(): Long =
        Path.of("/proc/self/status").toFile().readLines().first { it.startsWith("RssAnon:") }.filter(Char::isDigit).toLong() shl 10

    @Test
    fun `progress rises and can end the work`(@TempDir folder: Path): Unit = runBlocking {
        vault().use { vault ->
            val plain = folder.resolve("plain").write(ByteArray(4 shl 20))
            val (sealed, told) = folder.resolve("sealed") to mutableListOf<ULong>()
            val all = WorkProgress(told::add)
            vault.sealFile(content, plain.toString(), sealed.toString(), all)
            assertTrue(told.size > 4 && told == told.sorted() && told.last() <= (4u shl 20).toULong(), "$told")
            val half = WorkProgress { bytes -> bytes < (2u shl 20).toULong() }
            refused<PortwardException.Cancelled>("cancelled") { vault.sealFile(content, plain.toString(), "$folder/other", half) }
            refused<PortwardException.Cancelled>("cancelled") { vault.openFile(content, sealed.toString(), "$folder/other", half) }
            assertEquals(setOf("plain", "sealed"), folder.names())
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    fun `a cancelled coroutine ends the work`(@TempDir folder: Path): Unit = runBlocking(Dispatchers.Default) {
        vault().use { vault ->
            val plain = folder.resolve("plain").write(ByteArray(64 shl 20))
            val (begun, seen) = CompletableDeferred<Unit>() to mutableListOf<ULong>()
            val cancelled = CountDownLatch(1)
            val slow = object : WorkProgress {
                override fun advanced(bytes: ULong): Boolean {
                    seen += bytes
                    begun.complete(Unit)
                    return cancelled.await(20, TimeUnit.SECONDS)
                }
            }
            val work = async { vault.sealFile(content, plain.toString(), "$folder/sealed", slow) }
            begun.await()
            assertTrue(works())
            work.cancel()
            assertTrue(runCatching { work.await() }.exceptionOrNull() is CancellationException)
            cancelled.countDown()
            withTimeout(60_000) { while (works()) delay(5) }
            assertEquals(setOf("plain"), folder.names())
            assertTrue(seen.last() < (64u shl 20).toULong() / 2u, "it went on to ${seen.last()}")
        }
    }

    @Test
    fun `long work runs on no thread of the caller's`(@TempDir folder: Path): Unit = runBlocking {
        val key = SoftwareKey()
        vault(key).use { vault ->
            val plain = folder.resolve("plain").write(ByteArray(8 shl 20))
            val (turns, end) = AtomicInteger() to System.nanoTime() + TimeUnit.SECONDS.toNanos(20)
            val threads = mutableSetOf<Thread>()
            val slow = object : WorkProgress {
                override fun advanced(bytes: ULong): Boolean = true.also {
                    threads += Thread.currentThread()
                    while (turns.get() <= 20 && System.nanoTime() < end) Thread.sleep(1)
                }
            }
            val ticking = launch { while (true) { turns.incrementAndGet(); delay(1) } }
            vault.sealFile(content, plain.toString(), "$folder/sealed", slow)
            ticking.cancel()
            assertTrue(turns.get() > 20, "this thread had $turns turns meanwhile")
            assertFalse(Thread.currentThread() in threads)
            assertFalse(Thread.currentThread().name in key.threads)
        }
    }

    @Test
    fun `a closed vault is closed`(@TempDir folder: Path): Unit = runBlocking {
        val vault = vault()
        val (plain, sealed) = folder.resolve("plain").write(ByteArray(1)).toString() to "$folder/sealed"
        assertEquals(1uL, vault.sealFile(note, plain, sealed))
        assertArrayEquals(ByteArray(1), vault.openRecord(note, vault.seal(note, ByteArray(1))))
        vault.close()
        vault.close()
        assertThrows(IllegalStateException::class.java) { vault.seal(note, ByteArray(1)) }
        assertThrows(IllegalStateException::class.java) { runBlocking { vault.sealFile(note, plain, sealed) } }
    }

    @Test
    fun `nothing secret is shown`(): Unit = runBlocking {
        val vault = vault()
        assertEquals("Vault(..)", "$vault")
        assertNotEquals(0, vault.file().size)
        vault.close()
        assertEquals("Vault(..)", "$vault")
        val client = RedeemClient("https://portal.example/portal")
        val shown = listOf(client, client.peek("pwl_secret"), client.renew("pws_secret"), Peeked("pwn_secret", 1u, "secret"), Redeemed("pws_secret", 1u), HttpHeader("cookie", "secret"), LinkAddress("https://portal.example/portal", "pwl_secret"))
        for (one in shown) assertFalse("secret" in "$one", "$one")
        assertEquals("HttpHeader(name=cookie, ..)" to "HttpHeader(..)", "${HttpHeader("cookie", "secret")}" to "${HttpHeader("\uD83D", "secret")}")
    }

    private fun Path.names() = listDirectoryEntries().map { it.name }.toSet()
}
