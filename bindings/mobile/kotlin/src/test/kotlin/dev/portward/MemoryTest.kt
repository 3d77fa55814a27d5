package dev.portward

import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.Path
import kotlin.io.path.readLines
import kotlin.random.Random
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.condition.EnabledOnOs
import org.junit.jupiter.api.condition.OS

/**
 * What lies in the memory of the process. The heap of the JVM, at low addresses, is the application's and is left out. Ends of what is secret are
 * looked for: an allocator writes over the beginnings of what was freed.
 */
@EnabledOnOs(OS.LINUX)
class MemoryTest {
    private val of = ObjectName("n", "1")

    @Test
    fun `a closed vault leaves no key, whatever was refused before`(): Unit = runBlocking {
        lateinit var masked: ByteArray
        val key = FakeKey({ key, _ -> mask(key).also { masked = it.copyOfRange(16, 32) } }, { wrapped, _ -> mask(wrapped) })
        val vault = Vault.create("t", "key", key)
        val sealed = vault.seal(of, ByteArray(100))
        assertTrue(copies(masked) > 0, "the control")
        refused<PortwardException.InvalidValue>("text_malformed") { vault.openRecord(ObjectName("n", "\uD83D"), sealed) }
        refused<PortwardException.InvalidValue>("text_malformed") { vault.sealFile(of, "\uD83D", "none") }
        refused<PortwardException.InvalidValue>("text_malformed") { vault.openParts(of, "\uD83D") }
        vault.close()
        assertEquals(0, copies(masked))
    }

    /** What passed between the library and the JVM. */
    @Test
    fun `a buffer that was freed is overwritten`(): Unit = runBlocking {
        val vault = Vault.create("t", "key", SoftwareKey())
        val masked = mask(Random.nextBytes(32))
        vault.openRecord(of, vault.seal(of, ByteArray(32) + mask(masked)))
        assertEquals(0, copies(masked))
        val buffer = RustBuffer.alloc(64uL)
        buffer.data!!.write(32, mask(masked), 0, 32)
        assertTrue(copies(masked) > 0, "the control")
        RustBuffer.free(buffer)
        assertEquals(0, copies(masked))
        vault.close()
    }

    /** Nothing here may hold what is looked for. */
    private fun mask(bytes: ByteArray) = ByteArray(bytes.size) { (bytes[it].toInt() xor 0x5a).toByte() }

    private fun copies(masked: ByteArray): Int {
        val window = ByteBuffer.allocateDirect(1 shl 20)
        val found = FileChannel.open(Path.of("/proc/self/mem")).use { memory -> places().sumOf { (from, end) -> copies(masked, memory, from, end, window) } }
        window.clear()
        while (window.hasRemaining()) window.put(0)
        return found
    }

    private fun copies(masked: ByteArray, memory: FileChannel, from: Long, end: Long, window: ByteBuffer): Int {
        var (found, at) = 0 to from
        while (at < end) {
            window.clear().limit(minOf(window.capacity().toLong(), end - at).toInt())
            val read = runCatching { memory.read(window, at) }.getOrDefault(-1)
            if (read <= 0) break
            for (start in 0..read - masked.size) {
                if (masked.indices.all { (window.get(start + it).toInt() xor 0x5a).toByte() == masked[it] }) found++
            }
            if (at + read >= end) break
            at += maxOf(1, read - masked.size + 1)
        }
        return found
    }

    private fun places(): List<Pair<Long, Long>> = Path.of("/proc/self/maps").readLines().filter { " rw" in it }.map { line ->
        val (from, end) = line.substringBefore(' ').split("-").map { it.toLong(16) }
        from to end
    }.filter { (from, _) -> from > 1L shl 36 }
}
