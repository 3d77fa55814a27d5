package dev.portward

import com.google.gson.JsonPrimitive
import java.nio.file.Path
import kotlin.random.Random
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** Whatever comes, an exception of ours says so. */
class BadInputTest {
    private val texts = listOf("", " ", "\u0000", "pwl_", "pws_", "pwl_" + "A".repeat(2_000), "x".repeat(1 shl 20), "\uD83D\uDE00", "https://", "#", "?", "null", "𝕏\u202E")
    private val link = Testkit.subject("token").cases("verify_link").first { it.getAsJsonObject("expect").has("ok") }.text("token")

    @Test
    fun `texts that are no tokens`() {
        for (text in texts) {
            val error = assertThrows(PortwardException.Refused::class.java) { UntrustedToken(text) }
            assertEquals("damaged", error.publicAnswer)
            assertThrows(PortwardException.Refused::class.java) { narrow(text, Narrowing(seal = true)) }
            assertEquals("damaged", assertThrows(PortwardException.Refused::class.java) { readLinkAddress(text) }.publicAnswer)
        }
        for (cut in link.indices) assertThrows(PortwardException.Refused::class.java) { UntrustedToken(link.substring(0, cut)) }
        UntrustedToken(link).use { assertEquals(TokenKind.LINK, it.kind()) }
        assertEquals(link, readLinkAddress("https://portal.example/portal#$link").token)
        val address = "https://portal.example/portal#$link"
        for (cut in address.indices) assertEquals("damaged", assertThrows(PortwardException.Refused::class.java) { readLinkAddress(address.take(cut)) }.publicAnswer)
        for (pasted in listOf(" $address", "$address\r\n", "\t\n$address \u000C")) assertEquals(readLinkAddress(address), readLinkAddress(pasted))
        for (other in listOf("\u00A0$address", "$address\u2003", "https://portal.example/portal #$link", "https://portal.example/portal# $link")) {
            assertThrows(PortwardException.Refused::class.java) { readLinkAddress(other) }
        }
        val session = session()
        UntrustedToken(session).use { assertTrue(it.isSealed()) }
        refused<PortwardException.Refused>("wrong_kind") { narrow(session, Narrowing(seal = true)) }
    }

    @Test
    fun `half of a surrogate pair is no text`(@TempDir folder: Path): Unit = runBlocking {
        val (of, key, cookie) = Triple(ObjectName("n", "1"), FakeKey(), "A".repeat(43))
        val (client, token, vault) = Triple(RedeemClient("https://portal.example/portal"), UntrustedToken(link), Vault.create("t", "key", key))
        val (plain, sealed, other) = listOf("plain", "sealed", "other").map { folder.resolve(it).write(ByteArray(9)).toString() }
        val (file, record) = vault.file() to vault.seal(of, ByteArray(1))
        vault.sealFile(of, plain, sealed)
        fun peeked(header: HttpHeader) = readPeeked(200u, listOf(HttpHeader("Set-Cookie", "__Host-portward-peek=$cookie"), header), """{"nonce":"pwn_x","expires_at":1}""".toByteArray())
        // Each with a text that is taken, but for what is put behind it.
        val calls = listOf<suspend (String) -> Any?>(
            { UntrustedToken("$link$it") },
            { RedeemClient("https://portal.example/portal$it") },
            { readLinkAddress("https://portal.example/portal#$link$it") },
            { client.peek("$link$it") },
            { client.renew("pws_$it") },
            { client.redeem("$link$it", Peeked("n", 1u, cookie)) },
            { client.redeem(link, Peeked("n$it", 1u, cookie)) },
            { client.redeem(link, Peeked("n", 1u, "$cookie$it")) },
            { peeked(HttpHeader("a$it", "b")) },
            { peeked(HttpHeader("a", "b$it")) },
            { token.permissions(listOf("a:b", "c:d$it")) },
            { narrow("$link$it", Narrowing(seal = true)) },
            { narrow(link, Narrowing(seal = true), listOf("a:b$it")) },
            { narrow(link, Narrowing(permissions = listOf("a:b$it")), listOf("a:b")) },
            { narrow(link, Narrowing(resources = listOf("a", "b$it"))) },
            { narrow(link, Narrowing(audience = "a$it")) },
            { narrow(link, Narrowing(recipient = "a$it")) },
            { Vault.create("t$it", "key", key) },
            { Vault.create("t", "key$it", key) },
            { Vault.open(file, "t$it", key) },
            { vault.seal(ObjectName("n$it", "1"), ByteArray(1)) },
            { vault.seal(ObjectName("n", "1", mapOf("x-a$it" to "1")), ByteArray(1)) },
            { vault.seal(ObjectName("n", "1", mapOf("x-a" to "1$it")), ByteArray(1)) },
            { vault.openRecord(ObjectName("n", "1$it"), record) },
            { vault.sealFile(ObjectName("n", "1$it"), plain, other) },
            { vault.sealFile(of, "$plain$it", other) },
            { vault.sealFile(of, plain, "$other$it") },
            { vault.openFile(ObjectName("n", "1$it"), sealed, other) },
            { vault.openFile(of, "$sealed$it", other) },
            { vault.openFile(of, sealed, "$other$it") },
            { vault.openParts(ObjectName("n", "1$it"), sealed) },
            { vault.openParts(of, "$sealed$it") },
            { clearLeftovers("$folder$it") },
        )
        for (call in calls) {
            call("")
            for (half in "\uD83D\uDE00") refused<PortwardException.InvalidValue>("text_malformed") { call("$half") }
        }
        // The whole of it is text.
        Vault.create("t", "key\uD83D\uDE00", key).use { assertEquals("key\uD83D\uDE00", vaultKeyName(it.file())) }
    }

    /** As one reaches the generated code: no function of ours panics at will. */
    @Test
    fun `a panic is an exception of ours`(): Unit = runBlocking {
        refused<PortwardException.Internal>("internal") {
            uniffiRustCallAsync<Unit, Unit, PortwardException>(
                0,
                { _, callback, continuation -> callback.callback(continuation, UNIFFI_RUST_FUTURE_POLL_READY) },
                { _, status -> status.code = UNIFFI_CALL_UNEXPECTED_ERROR },
                {},
                {},
                PortwardException.ErrorHandler,
            )
        }
    }

    @Test
    fun `what a copy says that its link does not`() {
        UntrustedToken(link).use { assertEquals(null to false, it.audience() to it.isSealed()) }
        UntrustedToken(narrow(link, Narrowing(audience = "portal", seal = true))).use { assertEquals("portal" to true, it.audience() to it.isSealed()) }
    }

    @Test
    fun `values of a narrowing`() {
        refused<PortwardException.InvalidValue>("empty_block") { narrow(link, Narrowing()) }
        refused<PortwardException.InvalidValue>("recipient_label") { narrow(link, Narrowing(recipient = "")) }
        refused<PortwardException.InvalidValue>("resources_count") { narrow(link, Narrowing(resources = emptyList())) }
        refused<PortwardException.InvalidValue>("identifier_character") { narrow(link, Narrowing(audience = "ä")) }
        refused<PortwardException.InvalidValue>("unknown_permission") { narrow(link, Narrowing(permissions = listOf("files:read"))) }
        assertThrows(PortwardException.InvalidValue::class.java) { narrow(link, Narrowing(permissions = listOf("a:b")), List(65) { "a:b$it" }) }
        // Milliseconds, which would be no limit, and the first time that cannot be written; seconds are the control.
        for (time in listOf(System.currentTimeMillis().toULong(), 1uL shl 40, ULong.MAX_VALUE)) {
            refused<PortwardException.InvalidValue>("time_out_of_range") { narrow(link, Narrowing(expiresAt = time)) }
        }
        UntrustedToken(narrow(link, Narrowing(expiresAt = 1u))).use { assertEquals(1uL to 0uL, it.expiresAt() to it.secondsLeft()) }
        val sealed = narrow(link, Narrowing(expiresAt = (1uL shl 40) - 1u, seal = true))
        refused<PortwardException.InvalidValue>("sealed") { narrow(sealed, Narrowing(seal = true)) }
        UntrustedToken(sealed).use { assertTrue(it.isSealed()) }
    }

    @Test
    fun `time that is left`() {
        UntrustedToken(link).use {
            val end = it.expiresAt()
            assertEquals(listOf<ULong>(end, 1u, 0u, 0u), listOf(0u, end - 1u, end, ULong.MAX_VALUE).map { now -> it.secondsLeft(now) })
            assertEquals(0uL, it.secondsLeft())
        }
    }

    @Test
    fun `addresses of portals`() {
        for (text in texts + listOf("http://portal.example/portal", "https://portal.example", "https://portal.example/portal/", "https://user@portal.example/portal", "https://portal.example/portal?a", "javascript://portal.example/portal")) {
            refused<PortwardException.Refused>("url_malformed") { RedeemClient(text) }
        }
        val address = readLinkAddress("https://portal.example/portal#$link")
        assertEquals("https://portal.example/portal" to link, address.portal to address.token)
        assertEquals(address, readLinkAddress("https://portal.example/portal/$link?utm=1"))
    }

    @Test
    fun `answers that are none`() {
        val random = Random(7)
        val cookie = HttpHeader("Set-Cookie", "__Host-portward-peek=" + "A".repeat(43))
        val (peek, session) = """{"nonce":"pwn_x","expires_at":1}""".toByteArray() to session()
        fun redeemed(session: String) = """{"session":${JsonPrimitive(session)},"expires_at":1}""".toByteArray()
        assertEquals(Peeked("pwn_x", 1u, "A".repeat(43)), readPeeked(200u, listOf(cookie), peek))
        assertEquals(Redeemed(session, 1u), readRedeemed(200u, redeemed(session)))
        for (other in listOf("", "pws_x", link, "$session\r\n", "$session\nx: y", " $session", session.dropLast(1))) {
            refused<PortwardException.Unavailable>("answer_malformed") { readRedeemed(200u, redeemed(other)) }
        }
        for (other in listOf(emptyList(), listOf(cookie, cookie), listOf(HttpHeader("Set-Cookie", "a=b; ${cookie.value}")), listOf(HttpHeader("Cookie", cookie.value)))) {
            refused<PortwardException.Unavailable>("answer_malformed") { readPeeked(200u, other, peek) }
        }
        val joined = HttpHeader("set-cookie", "lb=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT, ${cookie.value}; Path=/, a=b")
        assertEquals("A".repeat(43), readPeeked(200u, listOf(joined), peek).cookie)
        for (status in listOf(0, 100, 200, 204, 301, 303, 404, 418, 65_535)) {
            for (body in listOf("", "{}", "[]", "null", "{\"session\":1}", "{\"session\":\"a\",\"expires_at\":-1}").map { it.toByteArray() } + List(50) { random.nextBytes(it) }) {
                refused<PortwardException.Unavailable>("answer_malformed") { readRedeemed(status.toUShort(), body) }
                refused<PortwardException.Unavailable>("answer_malformed") { readPeeked(status.toUShort(), listOf(HttpHeader("", "")), body) }
            }
        }
        val answers = mapOf(400 to "damaged", 403 to "refused")
        for ((status, code) in answers) refused<PortwardException.Refused>(code) { readRedeemed(status.toUShort(), ByteArray(0)) }
        for (status in listOf(429, 500, 503, 599)) refused<PortwardException.Unavailable>("unavailable") { readRedeemed(status.toUShort(), ByteArray(0)) }
        RedeemClient("https://portal.example/portal").use { client ->
            refused<PortwardException.InvalidValue>("cookie_malformed") { client.redeem(link, Peeked("n", 1u, "c")) }
            assertEquals("POST", client.redeem(link, Peeked("n", 1u, "A".repeat(43))).method)
            // No line of its own comes of what is no session.
            assertEquals("Bearer pws_ax:y", client.renew("pws_a\r\nx: y").headers.single { it.name == "authorization" }.value)
        }
    }

    private fun session() = Testkit.subject("token").cases("verify_session").first { it.getAsJsonObject("expect").has("ok") }.text("token")

    @Test
    fun `names and files of vaults`(): Unit = runBlocking {
        val key = SoftwareKey()
        for (tenant in listOf("", "a b", "ä", "x".repeat(65))) assertThrows(PortwardException.InvalidValue::class.java) { runBlocking { Vault.create(tenant, "key", key) } }
        for (name in listOf("", "x".repeat(65), "ä".repeat(33))) refused<PortwardException.InvalidValue>("key_name") { Vault.create("t", name, key) }
        val file = Vault.create("t", "ä".repeat(32), key).use { vault ->
            refused<PortwardException.InvalidValue>("context_value") { vault.seal(ObjectName("", "1"), ByteArray(1)) }
            refused<PortwardException.InvalidValue>("context_value") { vault.seal(ObjectName("n", "x".repeat(257)), ByteArray(1)) }
            refused<PortwardException.InvalidValue>("context_key") { vault.seal(ObjectName("n", "1", mapOf("version" to "1")), ByteArray(1)) }
            refused<PortwardException.InvalidValue>("context_too_long") { vault.seal(ObjectName("n", "1", List(14) { "x-$it" to "1" }.toMap()), ByteArray(1)) }
            refused<PortwardException.InvalidValue>("record_too_long") { vault.seal(ObjectName("n", "1"), ByteArray((1 shl 20) + 1)) }
            assertEquals(1 shl 20, vault.openRecord(ObjectName("n", "1"), vault.seal(ObjectName("n", "1"), ByteArray(1 shl 20))).size)
            val random = Random(11)
            repeat(300) {
                assertThrows(PortwardException.Unreadable::class.java) { vault.openRecord(ObjectName("n", "1"), random.nextBytes(it)) }
            }
            vault.file()
        }
        for (cut in file.indices step 3) {
            refused<PortwardException.Unreadable>("vault_malformed") { vaultKeyName(file.copyOf(cut)) }
        }
        for (place in file.indices) {
            val spoilt = file.copyOf().also { it[place] = (it[place].toInt() xor 0x11).toByte() }
            try {
                Vault.open(spoilt, "t", key).close()
                assertTrue(file[place].toInt().toChar().isWhitespace(), "byte $place of the file says nothing")
            } catch (_: PortwardException) {
            }
        }
    }
}
