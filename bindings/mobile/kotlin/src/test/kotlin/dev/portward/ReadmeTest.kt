package dev.portward

import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import java.nio.file.Path
import kotlin.io.path.readBytes
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class ReadmeTest {
    @Test
    fun `what it shows of Kotlin is what is compiled here`() {
        val blocks = Regex("```kotlin\n(.*?)```", RegexOption.DOT_MATCHES_ALL).findAll(plain("README.md")).map { it.groupValues[1].trim() }.toList()
        val sources = listOf("Readme", "KeystoreKey").map { plain("kotlin/src/test/kotlin/dev/portward/$it.kt") }
        assertEquals(listOf(true, true), blocks.zip(sources) { block, source -> block in source })
        assertEquals(sources.size, blocks.size)
    }

    @Test
    fun `its first example`(@TempDir folder: Path): Unit = runBlocking {
        val (plain, sealed) = folder.resolve("plain").write("%PDF-1.7".toByteArray()) to folder.resolve("sealed")
        LocalPortal(portalProgram).use { readme(it.link, ::send, SoftwareKey(), plain.toString(), sealed.toString()) }
        assertTrue(sealed.readBytes().size > 8)
    }

    @Test
    fun `its key where there is no key store of Android's`(): Unit = runBlocking {
        refused<PortwardException.Unavailable>("kek_unavailable") { Vault.create("studio-7", "portward", KeystoreKey("portward")) }
    }

    /** A compiler reads what the one after it wrote. */
    @Test
    fun `the oldest Kotlin that it names`() {
        val (major, minor) = Vault::class.java.getAnnotation(Metadata::class.java).metadataVersion.toList()
        assertEquals(2 to 1, major to minor)
        assertTrue("Kotlin 2.0 or newer" in plain("README.md"))
    }

    private fun plain(file: String) = Testkit.file("bindings/mobile/$file").readLines().joinToString("\n") { it.trim() }

    private fun send(request: HttpRequest): Sent {
        val built = java.net.http.HttpRequest.newBuilder(URI(request.url)).method(request.method, BodyPublishers.ofByteArray(request.body))
        request.headers.forEach { built.header(it.name, it.value) }
        val answer = HttpClient.newHttpClient().send(built.build(), BodyHandlers.ofByteArray())
        val lines = answer.headers().map().flatMap { (name, values) -> values.map { HttpHeader(name, it) } }
        return Sent(answer.statusCode().toUShort(), lines, answer.body())
    }
}
