package dev.portward

import java.nio.file.Path
import java.security.SecureRandom
import java.util.concurrent.TimeUnit
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec
import kotlin.io.path.createTempDirectory
import kotlinx.coroutines.runBlocking

/** The story on a terminal. The argument is the program of the portal, if it lies elsewhere. */
fun main(arguments: Array<String>) {
    val cache = createTempDirectory("portward-story")
    try {
        tellStory(arguments.firstOrNull() ?: "target/debug/examples/portal", cache, ::println)
    } finally {
        cache.toFile().deleteRecursively()
    }
}

/** With a portal on this machine, whose tenant revokes the link in the end. */
fun tellStory(program: String, cache: Path, tell: (String) -> Unit) {
    LocalPortal(program).use { portal -> runBlocking { story(portal.link, cache, KeyInMemory(), portal::revoke, tell) } }
}

/** The program `portal`, which has one link. */
class LocalPortal(program: String) : AutoCloseable {
    private val process = ProcessBuilder(program).redirectError(ProcessBuilder.Redirect.INHERIT).start()
    private val said = process.inputReader()
    val link: String = checkNotNull(said.readLine()) { "the portal did not start" }

    fun revoke() {
        process.outputWriter().run {
            write("revoke\n")
            flush()
        }
        check(said.readLine() == "revoked")
    }

    override fun close() {
        process.outputWriter().close()
        if (!process.waitFor(5, TimeUnit.SECONDS)) process.destroyForcibly()
    }
}

/** In the place of a key of the device, which Android Keystore would keep: AES-256-GCM, the binding as associated data. It dies with the process. */
open class KeyInMemory(private val key: SecretKey = KeyGenerator.getInstance("AES").apply { init(256) }.generateKey()) : DeviceKey {
    override fun wrap(key: ByteArray, binding: ByteArray): ByteArray {
        val iv = ByteArray(12).also { SecureRandom().nextBytes(it) }
        return iv + cipher(Cipher.ENCRYPT_MODE, iv, binding).doFinal(key)
    }

    override fun unwrap(wrapped: ByteArray, binding: ByteArray): ByteArray {
        if (wrapped.size < 12 + 16) throw DeviceKeyException.Refused()
        try {
            return cipher(Cipher.DECRYPT_MODE, wrapped.copyOf(12), binding).doFinal(wrapped, 12, wrapped.size - 12)
        } catch (_: AEADBadTagException) {
            throw DeviceKeyException.Refused()
        }
    }

    private fun cipher(mode: Int, iv: ByteArray, binding: ByteArray): Cipher =
        Cipher.getInstance("AES/GCM/NoPadding").apply {
            init(mode, key, GCMParameterSpec(128, iv))
            updateAAD(binding)
        }
}
