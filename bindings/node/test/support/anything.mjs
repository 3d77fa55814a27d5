// Calls every public constructor, function, method and property with anything, some of which is right; prints what came of it in JSON. What cannot
// be asked for again is left out: what closes.

import { writeFile } from 'node:fs/promises'
import { Transform } from 'node:stream'
import fc from 'fast-check'
import * as portward from 'portward'

const { Follower, Issuer, Keyring, KeyStore, Portal, PortwardError, Store, UntrustedLink, Verifier } = portward

const keyring = Keyring.generate()
const store = await Store.open('sqlite:links.db', keyring, { create: true, follow: 0 })
const keys = await KeyStore.open('sqlite:keys.db', keyring, { feed: null, create: true })
await keys.newTenant('t')
const [scope, indexes] = [keys.scope('t', 'file:contents'), keys.scope('t', 'index:clients')]
const [link, issuer, portal] = [await store.issue('t', 'c', ['files:read']), new Issuer(keyring), new Portal('https://a.example')]
const of = { name: 'a.b', id: '1' }
const sealed = await scope.seal(Buffer.from('x'), of)
await writeFile('sealed', sealed)
const renewing = { method: 'POST', path: '/portal/renew', headers: ['Authorization', 'Bearer pws_'] }
const follower = new Follower(keyring)
const access = store.verifyLink(link.token)

const objects = [
  keyring, keyring.deployment, store, keys, scope, issuer, portal, access, follower, Verifier.withoutRevocation(keyring), new UntrustedLink(link.token),
  await scope.openRange('sealed', of), await indexes.blindIndex({ table: 'clients', column: 'email', bits: 16 }), portal.read(renewing),
  ...['Refused', 'Unreadable', 'InvalidValue', 'Unavailable'].map((name) => new portward[name]('x', 'y')),
]

/** Every name of an object, with who calls it; of classes and what they make. */
function* called() {
  for (const [name, value] of Object.entries(portward)) {
    if (typeof value !== 'function') continue
    if (value.prototype === undefined || name === 'indexBits') {
      yield [name, (values) => value(...values)]
      continue
    }
    yield [`new ${name}`, (values) => new value(...values)]
    const statics = Object.getOwnPropertyNames(value).filter((own) => typeof value[own] === 'function')
    for (const own of statics) yield [`${name}.${own}`, (values) => value[own](...values)]
    const object = objects.find((object) => object instanceof value)
    if (object === undefined) throw new Error(`there is no ${name}`)
    for (const [own, { get }] of Object.entries(Object.getOwnPropertyDescriptors(value.prototype))) {
      if (['constructor', 'close', 'name'].includes(own)) continue
      yield [`${name}#${own}`, (values) => (get === undefined ? object[own](...values) : object[own])]
    }
  }
}

const wild = fc.oneof(
  fc.anything({ withTypedArray: true, withDate: true, withBigInt: true, withSparseArray: true, withNullPrototype: true }),
  fc.string({ unit: 'binary' }),
  fc.uint8Array(),
)
const now = Math.floor(Date.now() / 1000)
const right = fc.constantFrom(
  ...objects, 't', 'c', link.id, link.token, 'files:read', 'file:other', 'refused', 'sealed', 'opened', 'sqlite:other.db', ['files:read'], new Set(['7']), sealed,
  Buffer.from('{}'), keyring.deployment.toJson(), await follower.request(), 0, 1, 60, now, new Date(), null, undefined, {}, { ...of }, { ...of, replace: true }, renewing,
  { create: true }, { feed: null, create: true }, { kept: 60 }, { backupsKept: 60 }, { thisUpdate: now, nextUpdate: now + 60 }, { rows: 1000, distinct: 900 },
  { label: 'x' }, { recipient: 'x' }, { table: 'clients', column: 'email', bits: 16 }, new AbortController().signal, AbortSignal.abort(),
)
const names = fc.constantFrom(
  'name', 'id', 'more', 'embedded', 'progress', 'signal', 'replace', 'threads', 'audience', 'lifetime', 'label', 'usesMax', 'expiresAt', 'client', 'state', 'after',
  'limit', 'before', 'permissions', 'resources', 'vocabulary', 'seal', 'tenants', 'maxStaleness', 'skew', 'at', 'method', 'path', 'headers', 'body', 'page', 'fragment',
)
const options = fc.dictionary(names, fc.oneof(wild, right), { maxKeys: 5 })
const some = fc.array(fc.oneof({ arbitrary: wild, weight: 2 }, { arbitrary: right, weight: 4 }, { arbitrary: options, weight: 2 }), { maxLength: 5 })
/** Those that take a second each time they are right. */
const SLOW = ['Keyring#seal', 'Keyring.create']

let [methods, calls] = [0, 0]
const wrong = []
const seed = Date.now()
for (const [name, call] of called()) {
  methods += 1
  for (const values of fc.sample(some, { numRuns: SLOW.includes(name) ? 5 : 40, seed: seed + methods })) {
    calls += 1
    try {
      const made = await call(values)
      // As who has a stream of Node does.
      if (made instanceof Transform) made.on('error', () => {})
    } catch (error) {
      const isTold = error instanceof TypeError || (error instanceof PortwardError && error.code !== 'internal') || error?.name === 'AbortError'
      if (!isTold) wrong.push(`${name} with seed ${seed + methods}: ${error?.stack ?? error}`)
    }
  }
}
await keys.close()
await store.close()
console.log(JSON.stringify({ methods, calls, wrong }))
process.exit()
