package dev.portward

import java.io.ByteArrayOutputStream
import java.io.PrintStream
import java.nio.file.Path
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** What the application's callbacks throw is told by a shared code, ends nothing but the call, and is logged nowhere. */
class CallbackTest {
    private val thrown = listOf(
        IllegalStateException(SECRET),
        RuntimeException(SECRET, Exception(SECRET)),
        AssertionError(SECRET),
        StackOverflowError(SECRET),
        OutOfMemoryError(SECRET),
        PortwardException.Internal(SECRET, SECRET, SECRET),
    )

    @Test
    fun `what a device's key throws while it wraps`() = quietly {
        Vault.create("t", "key", FakeKey()).close()
        for (error in thrown + DeviceKeyException.Unavailable()) {
            val failing = FakeKey(onWrap = { _, _ -> throw error })
            val told = refused<PortwardException.Unavailable>("kek_unavailable") { Vault.create("t", "key", failing) }
            assertFalse(SECRET in told.stackTraceToString())
        }
        refused<PortwardException.Unavailable>("kek_refused") {
            Vault.create("t", "key", FakeKey(onWrap = { _, _ -> throw DeviceKeyException.Refused() }))
        }
    }

    @Test
    fun `what a device's key throws while it unwraps`() = quietly {
        val file = Vault.create("t", "key", FakeKey()).use { it.file() }
        // Whatever it is that nobody foresaw: no cache is thrown away for it.
        for (error in thrown + DeviceKeyException.Unavailable()) {
            val failing = FakeKey(onUnwrap = { _, _ -> throw error })
            val told = refused<PortwardException.Unavailable>("kek_unavailable") { Vault.open(file, "t", failing) }
            assertFalse(SECRET in told.stackTraceToString())
        }
        refused<PortwardException.Unreadable>("unwrap_failed") {
            Vault.open(file, "t", FakeKey(onUnwrap = { _, _ -> throw DeviceKeyException.Refused() }))
        }
        Vault.open(file, "t", FakeKey()).close()
    }

    @Test
    fun `what a device's key gives that is no key`() = quietly {
        val file = Vault.create("t", "key", FakeKey()).use { it.file() }
        for (length in listOf(0, 1, 31, 33, 64, 1 shl 20)) {
            refused<PortwardException.Unreadable>("unwrap_failed") { Vault.open(file, "t", FakeKey(onUnwrap = { _, _ -> ByteArray(length) })) }
        }
        refused<PortwardException.Unreadable>("key_check_mismatch") { Vault.open(file, "t", FakeKey(onUnwrap = { _, _ -> ByteArray(32) })) }
        for (length in listOf(0, 6_145, 1 shl 20)) {
            refused<PortwardException.Unavailable>("kek_refused") { Vault.create("t", "key", FakeKey(onWrap = { _, _ -> ByteArray(length) })) }
        }
        // What it wrapped it does not unwrap: nothing is sealed under that.
        refused<PortwardException.Unavailable>("kek_refused") { Vault.create("t", "key", FakeKey(onWrap = { _, _ -> ByteArray(6_144) })) }
        refused<PortwardException.Unavailable>("kek_refused") { Vault.create("t", "key", FakeKey(onUnwrap = { _, _ -> ByteArray(32) })) }
        refused<PortwardException.Unavailable>("kek_refused") { Vault.create("t", "key", FakeKey(onUnwrap = { _, _ -> throw DeviceKeyException.Refused() })) }
        refused<PortwardException.Unavailable>("kek_unavailable") { Vault.create("t", "key", FakeKey(onUnwrap = { _, _ -> error("") })) }
        Vault.create("t", "key", FakeKey({ key, _ -> key + ByteArray(6_112) }, { wrapped, _ -> wrapped.copyOf(32) })).close()
    }

    @Test
    fun `the key is overwritten when it was handed over`(): Unit = runBlocking {
        lateinit var key: ByteArray
        val seen = mutableListOf<Boolean>()
        fun kept(array: ByteArray) = array.also { key = it; seen += it.any { byte -> byte != 0.toByte() } }
        val device = FakeKey({ bytes, _ -> kept(bytes).copyOf() }, { wrapped, _ -> kept(wrapped.copyOf()) })
        val file = Vault.create("t", "key", device).use { it.file() }
        assertEquals("00".repeat(32), hex(key))
        Vault.open(file, "t", device).close()
        assertEquals("00".repeat(32), hex(key))
        refused<PortwardException.Unavailable>("kek_unavailable") { Vault.create("t", "key", FakeKey(onWrap = { bytes, _ -> error("${kept(bytes).size}") })) }
        assertEquals("00".repeat(32), hex(key))
        assertTrue(seen.size >= 3 && seen.all { it }, "the control: it was a key")
    }

    @Test
    fun `the binding says whose and what`(): Unit = runBlocking {
        val bindings = mutableListOf<ByteArray>()
        val key = FakeKey({ key, binding -> key.also { bindings += binding } }, { wrapped, binding -> wrapped.also { bindings += binding } })
        val file = Vault.create("studio-7", "key", key).use { it.file() }
        Vault.open(file, "studio-7", key).close()
        assertEquals(hex(bindings[0]), hex(bindings[1]))
        for (part in listOf("portward/v1/wrap-data", "studio-7", "vault:objects", "key")) {
            assertTrue(hex(part.toByteArray()) in hex(bindings[0]), part)
        }
    }

    @Test
    fun `what a progress throws`(@TempDir folder: Path) = quietly {
        Vault.create("t", "key", FakeKey()).use { vault ->
            val plain = folder.resolve("plain").write(ByteArray(1 shl 20)).toString()
            for (error in thrown + ProgressException.Failed()) {
                val failing = WorkProgress { throw error }
                val told = refused<PortwardException.InvalidValue>("callback_failed") {
                    vault.sealFile(ObjectName("n", "1"), plain, "$folder/sealed", failing)
                }
                assertFalse(SECRET in told.stackTraceToString())
            }
            assertEquals(1, folder.toFile().list()?.size)
            vault.sealFile(ObjectName("n", "1"), plain, "$folder/sealed")
        }
    }

    /** Nothing of what was thrown may be printed. */
    private fun quietly(work: suspend () -> Unit) {
        val (out, error, printed) = Triple(System.out, System.err, ByteArrayOutputStream())
        PrintStream(printed).let {
            System.setOut(it)
            System.setErr(it)
        }
        try {
            runBlocking { work() }
        } finally {
            System.setOut(out)
            System.setErr(error)
        }
        assertEquals("", printed.toString())
    }
}

private const val SECRET = "hunter2-of-the-callback"
