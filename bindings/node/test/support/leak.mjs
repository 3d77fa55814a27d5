// Makes and leaves objects of each kind, as many as the seconds allow of which each takes some of; prints by how many MiB the process has grown
// meanwhile. A leak grows with each round, what a heap takes for itself and keeps does not: who has grown makes as many again, twice at most, and the
// least counts. `count`: fewer, and what the native part holds of them is counted, and printed in JSON.

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
const MIB = Number(process.argv[2])
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

/** 10,000 of each. */
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
  async 'ranges and indexes'() {
    await scope.openRange(at('sealed'), OF)
    const range = await scope.openRange(at('sealed'), OF)
    await range.close()
    ;(await indexes.blindIndex({ table: 'clients', column: 'email', bits: 16 })).of('x')
  },
}
/** 1,000 of each: unoptimised, a cache takes 5 ms to be wiped, and what goes to the pool and back a few times, or opens a database, 2. */
const COSTLY = {
  async caches() {
    Verifier.withoutRevocation(keyring).verifyLink(token)
    new Issuer(keyring).issueLink('studio-7', '42', ['files:read'])
    await new Follower(keyring).request()
  },
  async streams() {
    await buffer(Readable.from([object]).pipe(scope.openStream(OF)))
  },
  async 'ranges elsewhere'() {
    const elsewhere = { stat: async () => ({ size: object.length }), read: async (to, at, length, from) => ({ bytesRead: object.copy(to, at, from, from + length) }) }
    const range = await scope.openRange(elsewhere, OF)
    if ((await range.read(0, 1000)).length !== 1000) throw new Error('short')
  },
  async keys() {
    await (await KeyStore.open(`sqlite:${at('keys.db')}`, keyring, { feed: null })).close()
  },
}
/** 100 of each: 15 ms and two caches for a store; files wait for the medium; and of Node's own streams of the web a process grows by 8 KB each. */
const OPENED = {
  async stores() {
    await (await Store.open(`sqlite:${at('links.db')}`, keyring, { follow: 0 })).close()
  },
  async files() {
    await scope.openFile(at('sealed'), at('opened'), { ...OF, replace: true, signal, progress: () => {} })
  },
  async 'streams of the web'() {
    await new Response(new Blob([Buffer.alloc(1000)]).stream().pipeThrough(scope.sealWebStream({ ...OF, signal }))).arrayBuffer()
  },
}

async function settled() {
  for (let round = 0; round < 5; round++) {
    globalThis.gc()
    await turn()
  }
}

async function make(times) {
  for (const [kinds, rounds] of [[CHEAP, times], [COSTLY, times / 10], [OPENED, times / 100]]) {
    for (const make of Object.values(kinds)) {
      for (let round = 0; round < rounds; round++) {
        await make()
        if (round % 200 === 0) await settled()
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
  let grown = Infinity
  for (let times = 0; times < 3 && grown >= MIB; times++) {
    const before = process.memoryUsage().rss
    for (let round = 0; round < 4; round++) await make(2_000)
    grown = Math.min(grown, Math.round((process.memoryUsage().rss - before) / 2 ** 20))
  }
  console.log(grown)
}
await keys.close()
await store.close()
rmSync(folder, { recursive: true })
