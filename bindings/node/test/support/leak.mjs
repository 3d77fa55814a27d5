// Makes very many objects, twice, and prints by how many MiB the process has grown in the second half.

import { Deployment, Follower, Issuer, Keyring, Portal, UntrustedLink, Verifier } from 'portward'
import { setImmediate as turn } from 'node:timers/promises'

const keyring = Keyring.generate()
const json = [keyring.deployment.toJson(), keyring.exportInClear()]
const { token } = new Issuer(keyring).issueLink('studio-7', '42', ['files:read'])

async function half() {
  for (let number = 0; number < 10_000; number++) {
    const deployment = Deployment.fromJson(json[0])
    const own = Keyring.fromJson(json[1], deployment)
    const verifier = Verifier.withoutRevocation(own)
    verifier.verifyLink(token).require('files:read')
    new Issuer(own)
    new UntrustedLink(token).narrow({ seal: true })
    const portal = new Portal('https://portal.example')
    portal.read({ method: 'GET', path: `/portal`, headers: ['Cookie', `__Host-portward-link=${token}`] })
    if (number % 10 === 0) new Follower(own).request()
    try {
      verifier.verifySession(token)
    } catch {}
    if (number % 500 === 0) {
      globalThis.gc()
      await turn()
    }
  }
  globalThis.gc()
  await turn()
  globalThis.gc()
  return process.memoryUsage().rss
}

await half()
const before = await half()
console.log(Math.round(((await half()) - before) / 2 ** 20))
