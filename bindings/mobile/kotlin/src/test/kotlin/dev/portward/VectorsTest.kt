package dev.portward

import com.google.gson.JsonObject
import kotlinx.coroutines.runBlocking
import java.net.URLDecoder
import java.nio.file.Path
import java.util.Base64
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** Every shared vector that a holder could meet. */
class VectorsTest {
    @Test
    fun `what a token says`() {
        var whole = 0
        var damaged = 0
        for (name in listOf("token", "revocation")) {
            val subject = Testkit.subject(name)
            val deployments = subject.getAsJsonObject("fixtures").getAsJsonObject("deployments")
            for (case in subject.cases("verify_link", "verify_session")) {
                val expect = case.getAsJsonObject("expect")
                val public = expect.optional("public")?.asString
                try {
                    val token = UntrustedToken(case.text("token"))
                    assertNotEquals("damaged", public, case.id)
                    val vocabulary = deployments.getAsJsonObject(case.text("deployment")).get("permissions").texts()
                    expect.optional("ok")?.let { compare(token, it.asJsonObject, vocabulary, case.id) }
                    whole++
                } catch (error: PortwardException.Refused) {
                    assertEquals(expect.text("error") to "damaged", error.code to public, case.id)
                    Codes.check(error)
                    assertEquals("damaged", error.publicAnswer)
                    damaged++
                }
            }
        }
        assertTrue(whole > 400 && damaged > 1_000, "$whole whole, $damaged damaged")
    }

    private fun compare(token: UntrustedToken, ok: JsonObject, vocabulary: List<String>, id: String) = token.use {
        assertEquals(if (ok.has("link_id")) TokenKind.SESSION else TokenKind.LINK, it.kind(), id)
        assertEquals(ok.text("tenant") to ok.text("client"), it.tenant() to it.client(), id)
        assertEquals(ok.number("issued_at") to ok.number("expires_at"), it.issuedAt() to it.expiresAt(), id)
        val granted = ok.get("permissions").texts()
        assertEquals(granted, it.permissions(vocabulary), id)
        val known = (1uL shl vocabulary.size) - 1uL
        assertEquals(granted.fold(0uL) { bits, name -> bits or (1uL shl vocabulary.indexOf(name)) }, it.permissionBits() and known, id)
        assertEquals(ok.optional("resources")?.texts(), it.resources(), id)
        assertEquals(ok.get("recipients").texts(), it.recipients(), id)
    }

    @Test
    fun `how a link is narrowed`() {
        val vocabulary = List(64) { "p$it:x" }
        val cases = Testkit.subject("token").cases("narrow")
        for (case in cases) {
            val restrictions = case.getAsJsonObject("restrictions")
            val narrowing = Narrowing(
                expiresAt = restrictions.optional("expires_at")?.let { restrictions.number("expires_at") },
                permissions = restrictions.optional("permissions")?.asJsonArray?.map { vocabulary[it.asInt] },
                resources = restrictions.optional("resources")?.texts(),
                audience = restrictions.optional("audience")?.asString,
                recipient = restrictions.optional("recipient")?.asString,
                seal = restrictions.has("seal"),
            )
            val expect = case.getAsJsonObject("expect")
            try {
                val made = narrow(case.text("token"), narrowing, vocabulary)
                assertEquals(expect.optional("ok")?.asJsonObject?.text("token"), made, case.id)
            } catch (error: PortwardException) {
                assertEquals(expect.optional("error")?.asString, error.code, case.id)
                Codes.check(error)
            }
        }
        assertTrue(cases.size > 20)
    }

    /** The requests of the vectors that a client of the interface sends, as this client builds them; and every answer in JSON. */
    @Test
    fun `how a link is redeemed`() {
        var built = 0
        var read = 0
        for (case in Testkit.subject("http").cases("http")) {
            val request = case.getAsJsonObject("request")
            val expect = case.getAsJsonObject("expect")
            val answer = (expect.optional("ok") ?: expect.optional("answer"))?.takeIf { it.isJsonObject }?.asJsonObject ?: continue
            val route = Regex("/(peek|redeem|renew)$").find(request.text("target"))?.groupValues?.get(1) ?: continue
            if (request.text("method") != "POST" || !request.get("body").isJsonPrimitive) continue
            if (rebuilt(case, request, route)) built++
            if (answer.get("status").asInt != 204 && answer.get("status").asInt != 303 && answer.has("body") && answer.getAsJsonObject("body").has("json")) {
                compare(answer, expect, route, case.id)
                read++
            }
        }
        assertTrue(built >= 30 && read >= 30, "$built built, $read read")
    }

    private fun rebuilt(case: JsonObject, request: JsonObject, route: String): Boolean {
        val origin = case.text("origin")
        val headers = request.getAsJsonArray("headers").groupBy({ it.asJsonArray[0].asString.lowercase() }, { it.asJsonArray[1].asString })
        if (headers.values.any { it.size > 1 } || !case.getAsJsonObject("expect").has("ok")) return false
        val fields = fields(request.text("body")) ?: return false
        val client = RedeemClient(origin + case.text("path"))
        val made = when (route) {
            "peek" -> client.peek(fields["token"] ?: return false)
            "redeem" -> {
                val cookie = Regex("__Host-portward-peek=([A-Za-z0-9_-]{43})").find(headers["cookie"]?.single() ?: "") ?: return false
                val nonce = fields["nonce"] ?: return false
                client.redeem(fields["token"] ?: return false, Peeked(nonce, 0u, cookie.groupValues[1]))
            }
            else -> client.renew(headers["authorization"]?.single()?.takeIf { it.startsWith("Bearer ") }?.removePrefix("Bearer ") ?: return false)
        }
        val own = made.headers.associate { it.name to it.value }
        assertEquals("POST" to origin + request.text("target"), made.method to made.url, case.id)
        assertEquals("application/json" to "application/x-www-form-urlencoded", own["accept"] to own["content-type"], case.id)
        assertEquals(fields, fields(String(made.body)), case.id)
        if (route == "renew") assertEquals(headers["authorization"]?.single(), own["authorization"], case.id)
        if (route == "redeem") assertTrue(own.getValue("cookie") in headers.getValue("cookie").single(), case.id)
        return true
    }

    private fun fields(body: String): Map<String, String>? {
        if (body.isEmpty()) return emptyMap()
        val pairs = body.split("&").map { it.split("=", limit = 2) }
        if (pairs.any { it.size != 2 } || pairs.map { it[0] }.toSet().size != pairs.size) return null
        return runCatching { pairs.associate { (name, value) -> name to URLDecoder.decode(value, Charsets.UTF_8) } }.getOrNull()
            ?.filterKeys { it in setOf("token", "nonce") }
    }

    private fun compare(answer: JsonObject, expect: JsonObject, route: String, id: String) {
        val status = answer.get("status").asInt.toUShort()
        val cookies = answer.get("cookies").texts().map { HttpHeader("Set-Cookie", it) }
        val json = answer.getAsJsonObject("body").getAsJsonObject("json")
        val body = json.toString().toByteArray()
        try {
            if (route == "peek") {
                val peeked = readPeeked(status, cookies, body)
                assertEquals(json.text("nonce") to json.number("expires_at"), peeked.nonce to peeked.expiresAt, id)
                assertTrue(cookies.any { it.value.startsWith("__Host-portward-peek=${peeked.cookie};") }, id)
            } else {
                val redeemed = readRedeemed(status, body)
                assertEquals(json.text("session") to json.number("expires_at"), redeemed.session to redeemed.expiresAt, id)
            }
            assertTrue(expect.has("ok"), id)
        } catch (error: PortwardException) {
            val told = expect.text("error").takeIf { it in setOf("damaged", "refused", "unavailable") } ?: "answer_malformed"
            assertEquals(told, error.code, id)
            Codes.check(error)
        }
    }

    /** Objects of the vectors in a vault whose device's key gives the vector's data key: envelope encryption as everywhere else. */
    @Test
    fun `how objects open`(@TempDir folder: Path): Unit = runBlocking {
        val subject = Testkit.subject("envelope")
        val objects = subject.getAsJsonObject("fixtures").getAsJsonObject("objects")
        var opened = 0
        var failed = 0
        for (case in subject.cases("open", "open_range")) {
            val vault = vault(case) ?: continue
            val name = nameOf(case) ?: continue
            // One that carries its key needs a KEK.
            val bytes = objectOf(case, objects).takeUnless { it.getOrNull(3) == 1.toByte() } ?: continue
            val expect = case.getAsJsonObject("expect")
            try {
                val ok = if (case.text("op") == "open") opened(vault, name, bytes, case, folder) else openedPart(vault, name, bytes, case, folder)
                assertEquals(expect.optional("ok"), ok, case.id)
                opened++
            } catch (error: PortwardException) {
                val told = expect.optional("error")?.asString
                assertEquals(told, error.code, case.id)
                Codes.check(error)
                failed++
            }
        }
        assertTrue(opened > 50 && failed > 200, "$opened opened, $failed failed")
    }

    /** Null for cases that say more than one living data key of one tenant, which no vault has. */
    private suspend fun vault(case: JsonObject): Vault? {
        val keys = case.getAsJsonObject("keys").getAsJsonArray("data_keys").map { it.asJsonObject }
        val key = keys.singleOrNull() ?: return null
        if (case.has("tombstones") && case.getAsJsonArray("tombstones").size() > 0) return null
        val tenant = case.text("tenant")
        if (key.text("state") !in setOf("active", "verify_only") || key.text("tenant") != tenant || key.text("scope") != case.text("scope")) return null
        if (case.getAsJsonArray("context").any { it.asJsonArray[0].asString == "tenant" && it.asJsonArray[1].asString == tenant }.not()) return null // a vault says its own
        val data = unhex(key.text("key"))
        val file = vaultFile(case.text("deployment"), tenant, key.text("id"), data)
        return Vault.open(file.toByteArray(), tenant, FakeKey(onUnwrap = { _, _ -> data.copyOf() }))
    }

    private fun vaultFile(vault: String, tenant: String, id: String, key: ByteArray): String {
        val info = lp("portward/v1/key-check".toByteArray()) + lp(unhex(vault)) + lp(unhex(id))
        val check = hmac(key, info, byteArrayOf(1)).copyOf(8)
        val slot = byteArrayOf(0x20, 3) + "key".toByteArray() + byteArrayOf(0, 0, 0, 0, 0, 1, 7)
        val text = Base64.getUrlEncoder().withoutPadding().encodeToString(slot)
        return """{"format":"portward-vault","version":1,"vault":"$vault","tenant":"$tenant","data_key":"$id","check":"${hex(check)}","slot":"$text"}"""
    }

    private fun lp(part: ByteArray) = byteArrayOf((part.size shr 8).toByte(), part.size.toByte()) + part
}
