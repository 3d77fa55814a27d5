// Makes and leaves 10,000 objects of each kind, 1,000 of those with a cache, which is costly to wipe, and 100 of what is opened; prints by how
// many MiB the process has grown meanwhile. `count`: fewer, and what the native part holds of them is counted, and printed in JSON.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Deployment, Follower, Issuer, Keyring, KeyStore, Portal, Store, UntrustedLink, Verifier } from 'portward'

const folder = mkdtempSync(join(tmpdir(), 'portward-node-leak-'))
const at = (name) => join(folder, name)
const OF = { name: 'a.b', id: '1' }
const keyring = Keyring.generate()
const json = [keyring.deployment.toJson(), keyring.exportInClear()]
const { signal } = new AbortController()
// However long it takes: what is stale refuses.
const store = await Store.open(`sqlite:${at('links.db')}`, keyring, { create: true, maxStaleness: 3600 })
const { token } = await store.issue('studio-7', '42', ['files:read'])
const keys = await KeyStore.open(`sqlite:${at('keys.db')}`, keyring, { feed: null, create: true })
await keys.newTenant('studio-7')
const scope = keys.scope('studio-7', 'file:contents')
const indexes = keys.scope('studio-7', 'index:clients')
writeFileSync(at('plain'), Buffer.alloc(1000))
await scope.sealFile(at('plain'), at('sealed'), OF)
const object = await scope.seal(Buffer.alloc(1000), OF)

const CHEAP = {
  async 'without a store'() {
    const deployment = Deployment.fromJson(json[0])
    const own = Keyring.fromJson(json[1], deployment)
    new UntrustedLink(token).narrow({ seal: true })
    store.verifyLink(token).require('files:read')
    try {
      store.verifySession(token)
    } catch {}
    return own
  },
  async 'of a portal'() {
    const portal = new Portal('https://portal.example')
    const { question } = portal.read({ method: 'GET', path: '/portal', headers: ['Cookie', `__Host-portward-link=${token}`] })
    if (question !== 'peek') throw new Error(question)
  },
  async 'of a store'() {
    store.actingAs('ada').verifyLink(token)
    store.withSignal(signal).peek(token)
    keys.actingAs('ada').withSignal(signal).scope('studio-7', 'file:contents').sealSync(Buffer.of(1), OF)
  },
}
const CACHING = {
  async verifiers() {
    Verifier.withoutRevocation(keyring).verifyLink(token)
    new Issuer(keyring).issueLink('studio-7', '42', ['files:read'])
    new Follower(keyring)
  },
}
const OPENED = {
  async stores() {
    const open = [Store.open(`sqlite:${at('links.db')}`, keyring, { follow: 0 }), KeyStore.open(`sqlite:${at('keys.db')}`, keyring, { feed: null })]
    for (const one of await Promise.all(open)) await one.close()
  },
  async files() {
    const { length } = await scope.openRange(at('sealed'), OF)
    await scope.openFile(at('sealed'), at('opened'), { ...OF, replace: true, signal, progress: () => {} })
    if (length !== 1000) throw new Error(`${length}`)
  },
  async 'streams and indexes'() {
    await buffer(Readable.from([object]).pipe(scope.openStream(OF)))
    await new Response(new Blob([Buffer.alloc(1000)]).stream().pipeThrough(scope.sealWebStream({ ...OF, signal }))).arrayBuffer()
    ;(await indexes.blindIndex({ table: 'clients', column: 'email', bits: 16 })).of('x')
    await new Follower(keyring).request()
  },
}

async function settled() {
  for (let round = 0; round < 5; round++) {
    globalThis.gc()
    await turn()
  }
}

async function make(times) {
  for (const [kinds, rounds] of [[CHEAP, times], [CACHING, times / 10], [OPENED, times / 100]]) {
    for (const make of Object.values(kinds)) {
      for (let round = 0; round < rounds; round++) {
        await make()
        if (round % 500 === 0) await settled()
      }
    }
  }
  await settled()
}

if (process.argv[2] === 'count') {
  const native = join(dirname(fileURLToPath(import.meta.resolve('portward'))), 'native.js')
  const { provokeCount } = createRequire(import.meta.url)(native).raw
  await make(100)
  const [held] = provokeCount()
  await make(2_000)
  for (let round = 0; round < 100 && provokeCount()[0] !== held; round++) await settled()
  const [living, made] = provokeCount()
  console.log(JSON.stringify({ held, made, left: living - held }))
} else {
  await make(2_000)
  const before = process.memoryUsage().rss
  for (let round = 0; round < 5; round++) await make(2_000)
  console.log(Math.round((process.memoryUsage().rss - before) / 2 ** 20))
}
await keys.close()
await store.close()
rmSync(folder, { recursive: true })
