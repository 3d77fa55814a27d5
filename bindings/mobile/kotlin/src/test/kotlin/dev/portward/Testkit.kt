package dev.portward

import com.google.gson.JsonElement
import com.google.gson.JsonObject
import com.google.gson.JsonParser
import java.io.File
import java.nio.file.Path
import java.security.MessageDigest
import javax.crypto.KeyGenerator
import javax.crypto.Mac
import javax.crypto.SecretKey
import javax.crypto.spec.SecretKeySpec
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.readText
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.fail

/** The shared vectors of `testkit/vectors`. */
object Testkit {
    private val root = File(System.getProperty("portward.root"))

    fun subject(name: String): JsonObject =
        File(root, "testkit/vectors/$name.json").reader().use { JsonParser.parseReader(it).asJsonObject }

    fun file(path: String): File = File(root, path)
}

val JsonObject.id: String get() = get("id").asString

fun JsonObject.cases(vararg ops: String): List<JsonObject> =
    getAsJsonArray("cases").map { it.asJsonObject }.filter { it.get("op").asString in ops }

fun JsonObject.text(name: String): String = get(name).asString

fun JsonObject.number(name: String): ULong = get(name).asBigInteger.toString().toULong()

fun JsonElement.texts(): List<String> = asJsonArray.map { it.asString }

fun JsonObject.optional(name: String): JsonElement? = get(name)?.takeUnless { it.isJsonNull }

fun unhex(text: String): ByteArray = text.chunked(2).map { it.toInt(16).toByte() }.toByteArray()

fun hex(bytes: ByteArray): String = bytes.joinToString("") { "%02x".format(it) }

fun sha256(bytes: ByteArray): ByteArray = MessageDigest.getInstance("SHA-256").digest(bytes)

fun hmac(key: ByteArray, vararg parts: ByteArray): ByteArray =
    Mac.getInstance("HmacSHA256").run {
        init(SecretKeySpec(key, "HmacSHA256"))
        parts.forEach(::update)
        doFinal()
    }

/** What is thrown, which has to be of this kind. */
inline fun <reified T : PortwardException> refused(code: String, work: () -> Unit): T {
    try {
        work()
    } catch (error: PortwardException) {
        assertEquals(code, error.code)
        Codes.check(error)
        return error as? T ?: fail("${error::class.simpleName} is not ${T::class.simpleName}")
    }
    return fail<T>("nothing was thrown")
}

/** The story's, which also says on which threads it was called. */
class SoftwareKey(key: SecretKey = KeyGenerator.getInstance("AES").apply { init(256) }.generateKey()) : KeyInMemory(key) {
    val threads = mutableSetOf<String>()

    override fun wrap(key: ByteArray, binding: ByteArray) = super.wrap(key, binding).also { threads += Thread.currentThread().name }

    override fun unwrap(wrapped: ByteArray, binding: ByteArray) = super.unwrap(wrapped, binding).also { threads += Thread.currentThread().name }
}

/** A key that does what it is told. */
class FakeKey(
    private val onWrap: (ByteArray, ByteArray) -> ByteArray = { key, _ -> key },
    private val onUnwrap: (ByteArray, ByteArray) -> ByteArray = { wrapped, _ -> wrapped },
) : DeviceKey {
    override fun wrap(key: ByteArray, binding: ByteArray) = onWrap(key, binding)

    override fun unwrap(wrapped: ByteArray, binding: ByteArray) = onUnwrap(wrapped, binding)
}

/** The device's key of a case. */
fun deviceOf(case: JsonObject): DeviceKey {
    val told = case.getAsJsonObject("device")
    val (key, gives, unwraps) = listOf("key", "gives", "unwraps").map { told.optional(it)?.let { digits -> unhex(digits.asString) } }
    return when {
        key != null -> SoftwareKey(SecretKeySpec(key, "AES"))
        gives != null -> FakeKey({ _, _ -> gives }, { _, _ -> (unwraps ?: gives).copyOf() })
        told.has("refuses") -> failing { DeviceKeyException.Refused() }
        told.has("unavailable") -> failing { DeviceKeyException.Unavailable() }
        told.has("fails") -> failing { IllegalStateException("of the key store") }
        else -> error("no such device: $told")
    }
}

private fun failing(error: () -> Exception) = FakeKey({ _, _ -> throw error() }, { _, _ -> throw error() })

/** A file that is told as text, or as parts. */
fun textOf(case: JsonObject): ByteArray {
    case.optional("text")?.let { return it.asString.toByteArray() }
    return case.getAsJsonArray("parts").map { it.asJsonObject }.fold(ByteArray(0)) { all, part ->
        all + when {
            part.has("hex") -> unhex(part.text("hex"))
            part.has("text") -> part.text("text").toByteArray()
            "%" in part.text("repeat") -> (0 until part.get("times").asInt).joinToString("") { part.text("repeat").replace("%", "%08x".format(it)) }.toByteArray()
            else -> part.text("repeat").repeat(part.get("times").asInt).toByteArray()
        }
    }
}

/** `cargo build -p portward-http --example portal --features axum,store`. */
val portalProgram: String get() = System.getenv("PORTWARD_PORTAL") ?: Testkit.file("target/debug/examples/portal").path

/** Whether a thread of the library is there, as the system calls them. */
fun works(): Boolean = Path.of("/proc/self/task").listDirectoryEntries().any { task ->
    runCatching { task.resolve("comm").readText().trim() == "portward" }.getOrDefault(false)
}

fun Path.write(bytes: ByteArray): Path = apply { toFile().writeBytes(bytes) }
