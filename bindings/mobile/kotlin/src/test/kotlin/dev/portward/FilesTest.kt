package dev.portward

import java.nio.file.Path
import kotlin.io.path.createDirectory
import kotlin.io.path.createSymbolicLinkPointingTo
import kotlin.io.path.deleteExisting
import kotlin.io.path.exists
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.name
import kotlin.io.path.readBytes
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.condition.EnabledOnOs
import org.junit.jupiter.api.condition.OS
import org.junit.jupiter.api.io.TempDir

/** What is to be seen of files that are being written, and what is left of them. */
class FilesTest {
    private val of = ObjectName("n", "1")
    private val whole = 4uL shl 20

    @Test
    @EnabledOnOs(OS.LINUX)
    fun `a file is not there before it is whole, under no name`(@TempDir folder: Path): Unit = runBlocking {
        Vault.create("t", "key", SoftwareKey()).use { vault ->
            val plain = folder.resolve("plain").write(ByteArray(4 shl 20)).toString()
            val seen = mutableListOf<Set<String>>()
            val looking = progress { seen.add(folder.names()) }
            vault.sealFile(of, plain, "$folder/sealed", looking)
            assertTrue(seen.size > 4 && seen.toSet() == setOf(setOf("plain")), "$seen")
            seen.clear()
            vault.openFile(of, "$folder/sealed", "$folder/opened", looking)
            assertTrue(seen.size > 4 && seen.toSet() == setOf(setOf("plain", "sealed")), "$seen")
            assertEquals(setOf("plain", "sealed", "opened"), folder.names())
        }
    }

    @Test
    fun `the last moment to say no is when all is written`(@TempDir folder: Path): Unit = runBlocking {
        Vault.create("t", "key", SoftwareKey()).use { vault ->
            val plain = folder.resolve("plain").write(ByteArray(4 shl 20)).toString()
            val told = mutableListOf<ULong>()
            vault.sealFile(of, plain, "$folder/sealed", progress { told.add(it) })
            assertEquals(whole, told.last())
            // Told of the whole twice at most: of the last step, if it was due, and before the file appears.
            val asked = told.size
            var (turn, toOpen) = 0 to 0
            vault.openFile(of, "$folder/sealed", "$folder/other", progress { toOpen++; true })
            folder.resolve("other").deleteExisting()
            refused<PortwardException.Cancelled>("cancelled") { vault.sealFile(of, plain, "$folder/other", progress { ++turn < asked }) }
            assertEquals(asked to setOf("plain", "sealed"), turn to folder.names())
            turn = 0
            refused<PortwardException.InvalidValue>("callback_failed") {
                vault.openFile(of, "$folder/sealed", "$folder/other", progress { check(++turn < toOpen); true })
            }
            assertEquals(setOf("plain", "sealed"), folder.names())
            assertEquals(whole, vault.openFile(of, "$folder/sealed", "$folder/other", progress { true }))
        }
    }

    /** The call has ended, and only then the thread that works goes on, to the place where the file would appear. */
    @Test
    @EnabledOnOs(OS.LINUX)
    fun `after a cancelled call nothing appears`(@TempDir folder: Path): Unit = runBlocking(Dispatchers.Default) {
        Vault.create("t", "key", SoftwareKey()).use { vault ->
            val plain = folder.resolve("plain").write(ByteArray(4 shl 20)).toString()
            var last = 0
            vault.sealFile(of, plain, "$folder/sealed")
            vault.openFile(of, "$folder/sealed", "$folder/target", progress { last++; true })
            var didWork = false
            val (turns, target) = mutableListOf<Int>() to folder.resolve("target").write("older".toByteArray())
            lateinit var end: () -> Unit
            val work = async(start = CoroutineStart.LAZY) {
                vault.openFile(of, "$folder/sealed", target.toString(), progress { if (turns.apply { add(size) }.size == last) end(); true })
            }
            end = { didWork = works(); runBlocking { work.cancel(); work.join() } }
            assertTrue(runCatching { work.await() }.exceptionOrNull() is CancellationException)
            withTimeout(60_000) { while (works()) delay(5) }
            assertTrue(didWork)
            assertEquals(last to "older", turns.size to String(target.readBytes()))
            assertEquals(setOf("plain", "sealed", "target"), folder.names())
            vault.openFile(of, "$folder/sealed", target.toString())
            assertEquals(4 shl 20, target.readBytes().size)
        }
    }

    @Test
    fun `a target that is no file stays`(@TempDir folder: Path): Unit = runBlocking {
        Vault.create("t", "key", SoftwareKey()).use { vault ->
            val plain = folder.resolve("plain").write(ByteArray(9)).toString()
            val (inner, link) = folder.resolve("inner").createDirectory() to folder.resolve("link").createSymbolicLinkPointingTo(folder.resolve("plain"))
            for (target in listOf(inner, link)) {
                assertTrue("stays" in refused<PortwardException.Unavailable>("target_unwritable") { vault.sealFile(of, plain, target.toString()) }.reason)
            }
            assertEquals(setOf("plain", "inner", "link"), folder.names())
            vault.sealFile(of, plain, "$folder/sealed")
        }
    }

    @Test
    fun `what a killed application left is cleared`(@TempDir folder: Path): Unit = runBlocking {
        val (left, others) = folder.resolve(".portward-" + "0a".repeat(16)) to listOf("plain", ".portward-x", ".portward-" + "0A".repeat(16)).map(folder::resolve)
        (others + listOf(left)).forEach { it.write("plaintext".toByteArray()) }
        val inner = folder.resolve(".portward-" + "0b".repeat(16)).createDirectory()
        assertEquals(1uL, clearLeftovers(folder.toString()))
        assertTrue(!left.exists() && inner.exists() && others.all { it.exists() })
        assertEquals(0uL, clearLeftovers(folder.toString()))
        refused<PortwardException.Unavailable>("source_unreadable") { clearLeftovers("$folder/none") }
    }

    private fun progress(tell: (ULong) -> Boolean) = WorkProgress(tell)

    private fun Path.names() = listDirectoryEntries().map { it.name }.toSet()
}
