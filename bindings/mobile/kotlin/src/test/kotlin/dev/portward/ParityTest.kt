package dev.portward

import java.lang.reflect.Modifier
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** What the bridge can do for a holder this package can do, under the same names. */
class ParityTest {
    /** What has another name here, and which. */
    private val otherwise = mapOf(
        "RedeemClient.new" to "RedeemClient(portal)",
        "RedeemClient.of_link" to "readLinkAddress",
        "RedeemClient.address" to "LinkAddress.portal",
        "RedeemClient.read_peeked" to "readPeeked",
        "RedeemClient.read_redeemed" to "readRedeemed",
        "SharedRange.length" to "VaultReader.length",
        "SharedRange.read" to "VaultReader.read",
        "UntrustedLink.narrow" to "narrow",
        "UntrustedLink.parse" to "narrow, and UntrustedToken(token)",
        "UntrustedToken.parse" to "UntrustedToken(token)",
        "UntrustedToken.is_link" to "kind",
        "Vault.key_name_of" to "vaultKeyName",
        "Vault.open_range" to "openParts",
        "Vault.create" to "Vault.create, of its companion",
        "Vault.open" to "Vault.open, of its companion",
        "Vault.clear_leftovers" to "clearLeftovers",
    )

    @Test
    fun `every method is there`() {
        val methods = listOf("client", "holder", "shared", "untrusted", "vault").flatMap(::methods)
        assertTrue(methods.size > 35 && methods.containsAll(otherwise.keys), "$methods")
        val missing = (methods - otherwise.keys).filterNot { method ->
            val (owner, name) = method.split(".")
            val here = name.replace(Regex("_(.)")) { it.groupValues[1].uppercase() }
            // A method that takes or gives unsigned numbers has something behind its name.
            Class.forName("dev.portward.${owner.replace("UntrustedLink", "UntrustedToken")}").methods.any { it.name.substringBefore("-") == here }
        }
        assertEquals(emptyList<String>(), missing)
    }

    /** The bridge's tests say that the listing is whole; here it is said that Kotlin has an exception for each code, and none besides. */
    @Test
    fun `every code has its exception`() {
        val classes = PortwardException::class.java.declaredClasses.filter { PortwardException::class.java.isAssignableFrom(it) }
        assertTrue(Modifier.isAbstract(PortwardException::class.java.modifiers) && classes.all { it.superclass == PortwardException::class.java })
        assertEquals(Codes.all.values.flatten().toSet(), classes.map { it.simpleName }.toSet())
        for ((code, kinds) in Codes.all) {
            for (kind in kinds) {
                val made = classes.single { it.simpleName == kind }.getConstructor(String::class.java, String::class.java, String::class.java).newInstance(code, "why", "refused")
                val error = made as PortwardException
                Codes.check(error)
                assertEquals(listOf(code, "why", "refused"), listOf(error.code, error.reason, error.publicAnswer))
            }
        }
        assertTrue(Codes.all.size > 60 && setOf("kek_unavailable", "unwrap_failed", "chunk_forged", "bad_checksum").all(Codes.all::containsKey))
    }

    private fun methods(source: String): List<String> {
        var owner: String? = null
        return Testkit.file("crates/portward-bridge/src/$source.rs").readLines().mapNotNull { line ->
            Regex("^impl(?:<.*?>)? (\\w+)(?:<\\w+>)? \\{").find(line)?.let { owner = it.groupValues[1] }
            if (line == "}") owner = null
            owner?.let { of -> Regex("^    pub (?:const )?fn (\\w+)").find(line)?.let { "$of.${it.groupValues[1]}" } }
        }
    }
}
