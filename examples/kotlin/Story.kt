package dev.portward

import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import java.nio.file.Path
import kotlin.io.path.readBytes
import kotlin.io.path.writeBytes
import kotlin.io.path.writeText
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/**
 * What the holder of a link does with it, from the mail that it came in to the end that the tenant puts to it.
 *
 * @param link its address.
 * @param revoke what the tenant does, in the end.
 */
suspend fun story(link: String, cache: Path, key: DeviceKey, revoke: () -> Unit, tell: (String) -> Unit) {
    // The link is read, not believed: enough to show what it is.
    val address = readLinkAddress(link)
    val tenant = UntrustedToken(address.token).use { token ->
        tell("a ${token.kind()} for ${token.client()} of ${token.tenant()}, ${token.secondsLeft() / 86_400u} days left")
        tell("it grants ${token.permissions(VOCABULARY)}")
        token.tenant()
    }

    // A copy for the accountant: one file, one week. Nobody was asked, and nobody has to be.
    val week = UntrustedToken(address.token).use { it.issuedAt() } + 7u * 86_400u
    val copy = narrow(address.token, Narrowing(expiresAt = week, resources = listOf("contract"), recipient = "accountant", seal = true))
    UntrustedToken(copy).use { tell("a copy for ${it.recipients()}, for ${it.resources()}, sealed: ${it.isSealed()}") }
    tell("it cannot be narrowed again: " + code { narrow(copy, Narrowing(recipient = "somebody else")) })
    tell("a cut link is told from a whole one: " + code { UntrustedToken(copy.dropLast(3)) })

    // Redeemed for a session. The app sends; this library makes the requests and reads the answers.
    val client = RedeemClient(address.portal)
    val peeked = client.peek(address.token).send().let { readPeeked(it.status, it.headers, it.body) }
    val session = client.redeem(address.token, peeked).send().let { readRedeemed(it.status, it.body) }
    UntrustedToken(session.session).use { tell("a ${it.kind()} for ${it.secondsLeft()} seconds") }
    val renewed = client.renew(session.session).send().let { readRedeemed(it.status, it.body) }
    tell("renewed until ${renewed.expiresAt}")

    // What was fetched with it is kept under a key of the device.
    val contract = ObjectName("files.content", "contract")
    val (plain, sealed, file) = listOf("contract.pdf", "contract.sealed", "vault.json").map { cache.resolve(it) }
    plain.writeText("%PDF-1.7 the contract")
    Vault.create(tenant, "portward", key).use { vault ->
        file.writeBytes(vault.file())
        vault.sealFile(contract, plain.toString(), sealed.toString())
    }
    Vault.open(file.readBytes(), tenant, key).use { vault ->
        vault.openParts(contract, sealed.toString()).use { tell("from the cache: " + String(it.read(0u, 8u))) }
        tell("under another name it does not open: " + code { vault.openRecord(ObjectName("files.content", "salary"), sealed.readBytes()) })
    }

    // The tenant ends it, and with it every copy and every session.
    revoke()
    tell("the session after that: " + code { client.renew(renewed.session).send().let { readRedeemed(it.status, it.body) } })
    tell("the link after that: " + code { client.peek(address.token).send().let { readPeeked(it.status, it.headers, it.body) } })
    tell("the copy after that: " + code { client.peek(copy).send().let { readPeeked(it.status, it.headers, it.body) } })
}

/** The deployment's, in its order. */
private val VOCABULARY = listOf(
    "files:read", "files:upload", "files:delete", "messages:read", "messages:send", "invoices:read", "invoices:pay",
    "approvals:read", "approvals:decide", "comments:write", "profile:read", "profile:update",
)

private inline fun code(work: () -> Unit): String =
    try {
        work()
        "it went well"
    } catch (error: PortwardException) {
        error.code
    }

private class Answer(val status: UShort, val headers: List<HttpHeader>, val body: ByteArray)

/** The transport is the application's: here that of the JDK, without cookies and redirects of its own. */
private suspend fun HttpRequest.send(): Answer = withContext(Dispatchers.IO) {
    val request = java.net.http.HttpRequest.newBuilder(URI(url)).method(method, BodyPublishers.ofByteArray(body))
    headers.forEach { request.header(it.name, it.value) }
    val answer = HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofByteArray())
    val lines = answer.headers().map().flatMap { (name, values) -> values.map { HttpHeader(name, it) } }
    Answer(answer.statusCode().toUShort(), lines, answer.body())
}
