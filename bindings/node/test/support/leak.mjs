// Makes objects until the process has what it needs, then 10,000 of each kind; prints by how many MiB it has grown meanwhile.

import { Deployment, Follower, Issuer, Keyring, Portal, UntrustedLink, Verifier } from 'portward'
import { setImmediate as turn } from 'node:timers/promises'

const keyring = Keyring.generate()
const json = [keyring.deployment.toJson(), keyring.exportInClear()]
const { token } = new Issuer(keyring).issueLink('studio-7', '42', ['files:read'])

async function make(objects) {
  for (let number = 0; number < objects; number++) {
    const deployment = Deployment.fromJson(json[0])
    const own = Keyring.fromJson(json[1], deployment)
    const verifier = Verifier.withoutRevocation(own)
    verifier.verifyLink(token).require('files:read')
    new Issuer(own)
    new UntrustedLink(token).narrow({ seal: true })
    const portal = new Portal('https://portal.example')
    portal.read({ method: 'GET', path: `/portal`, headers: ['Cookie', `__Host-portward-link=${token}`] })
    if (number % 10 === 0) await new Follower(own).request()
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

await make(2_000)
const before = await make(1_000)
console.log(Math.round(((await make(10_000)) - before) / 2 ** 20))
