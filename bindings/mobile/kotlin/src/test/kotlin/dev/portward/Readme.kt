package dev.portward

/** What whoever sends a request gives back. */
class Sent(val status: UShort, val headers: List<HttpHeader>, val body: ByteArray)

/** The README's first example. */
@Suppress("UNUSED_VARIABLE")
suspend fun readme(link: String, send: (HttpRequest) -> Sent, keystoreKey: DeviceKey, plain: String, sealed: String) {
    val address = readLinkAddress(link)                            // https://portal.example/portal#pwl_…
    UntrustedToken(address.token).use { println("${it.client()} of ${it.tenant()}, ${it.secondsLeft()} seconds left") }

    val copy = narrow(address.token, Narrowing(resources = listOf("contract"), recipient = "accountant", seal = true))

    val client = RedeemClient(address.portal)                      // makes requests and reads answers; sending is yours
    val peeked = send(client.peek(address.token)).let { readPeeked(it.status, it.headers, it.body) }
    val session = send(client.redeem(address.token, peeked)).let { readRedeemed(it.status, it.body) }

    Vault.create("studio-7", "portward", keystoreKey).use { vault ->   // keystoreKey: a DeviceKey of yours
        vault.sealFile(ObjectName("files.content", "contract"), plain, sealed)
        vault.openParts(ObjectName("files.content", "contract"), sealed).use { it.read(0u, 4_096u) }
    }
}
