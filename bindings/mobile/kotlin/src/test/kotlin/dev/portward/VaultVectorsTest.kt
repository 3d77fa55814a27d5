package dev.portward

import com.google.gson.JsonObject
import java.nio.file.Path
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** The shared vectors of `spec/vault.md`. */
class VaultVectorsTest {
    private val subject = Testkit.subject("vault")
    private val objects = subject.getAsJsonObject("fixtures").getAsJsonObject("objects")

    @Test
    fun `how a vault is opened`(): Unit = runBlocking {
        replay(60, 300, "vault_open", "vault_file") { case ->
            val file = textOf(case)
            if (case.text("op") == "vault_file") {
                mapOf("key_name" to vaultKeyName(file))
            } else {
                Vault.open(file, case.text("tenant"), deviceOf(case)).use {
                    assertEquals(case.text("tenant"), it.tenant(), case.id)
                    emptyMap()
                }
            }
        }
    }

    @Test
    fun `how its objects are opened`(@TempDir folder: Path): Unit = runBlocking {
        replay(15, 60, "vault_object", "vault_range") { case ->
            val name = nameOf(case) ?: return@replay null
            // A vault says its tenant itself.
            if (case.getAsJsonArray("context").none { it.asJsonArray[0].asString == "tenant" && it.asJsonArray[1].asString == case.text("tenant") }) return@replay null
            Vault.open(textOf(case), case.text("tenant"), deviceOf(case)).use { vault ->
                val bytes = objectOf(case, objects)
                val ok = if (case.text("op") == "vault_object") opened(vault, name, bytes, case, folder) else openedPart(vault, name, bytes, case, folder)
                ok.asMap().mapValues { it.value.asString }
            }
        }
    }

    /** All but what is drawn: the ids, the key and the IV. So no device that says what it unwraps unwraps that key. */
    @Test
    fun `how one is made`(): Unit = runBlocking {
        replay(10, 10, "vault_make") { case ->
            if (case.getAsJsonObject("device").has("unwraps") && case.getAsJsonObject("expect").has("ok")) return@replay null
            val (tenant, device) = case.text("tenant") to deviceOf(case)
            Vault.create(tenant, case.text("key_name"), device).use { vault ->
                val sealed = vault.seal(ObjectName("n", "1"), "Monday".toByteArray())
                Vault.open(vault.file(), tenant, device).use { again -> assertArrayEquals("Monday".toByteArray(), again.openRecord(ObjectName("n", "1"), sealed)) }
                mapOf("key_name" to vaultKeyName(vault.file()), "tenant" to vault.tenant())
            }
        }
    }

    /** `run` gives what is to be compared of the case's `ok`; null where the case is none for a vault of this package. */
    private suspend fun replay(good: Int, bad: Int, vararg ops: String, run: suspend (JsonObject) -> Map<String, String>?) {
        var (went, failed) = 0 to 0
        for (case in subject.cases(*ops)) {
            val expect = case.getAsJsonObject("expect")
            try {
                val found = run(case) ?: continue
                val ok = expect.optional("ok")?.asJsonObject
                assertEquals(found.mapValues { ok?.get(it.key)?.asString }, found, case.id)
                assertTrue(ok != null, case.id)
                went++
            } catch (error: PortwardException) {
                assertEquals(expect.optional("error")?.asString, error.code, case.id)
                Codes.check(error)
                failed++
            }
        }
        assertTrue(went >= good && failed >= bad, "$went went well, $failed failed")
    }
}
