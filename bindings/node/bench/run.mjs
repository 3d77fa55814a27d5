// portward beside its peers, in one run: the best of many short rounds each, so that who else uses the machine counts little; a line of JSON for
// each, the first of each kind ours. `cargo xtask bench node` runs it and makes the table. Facts of a token: tenant, client, four permissions, an
// expiry; JWTs are of HS256. Keys of peers are made once, as they advise.

import assert from 'node:assert/strict'
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, randomBytes, timingSafeEqual, webcrypto } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import cookie from 'cookie-signature'
import { createSigner, createVerifier } from 'fast-jwt'
import { sealData, unsealData } from 'iron-session'
import * as iron from 'iron-webcrypto'
import { jwtVerify, SignJWT } from 'jose'
import jwt from 'jsonwebtoken'
import { Issuer, Keyring, KeyStore, Store, Verifier } from 'portward'

const directory = mkdtempSync(join(tmpdir(), 'portward-bench-'))
const keyring = Keyring.generate()
const issuer = new Issuer(keyring)
const verifier = Verifier.withoutRevocation(keyring)
const store = await Store.open(`sqlite:${join(directory, 'links.db')}`, keyring, { create: true })
const keys = await KeyStore.open(`sqlite:${join(directory, 'keys.db')}`, keyring, { feed: store, create: true })
await keys.newTenant('studio-7')
const scope = keys.scope('studio-7', 'record:notes')

const permissions = ['files:read', 'files:upload', 'messages:send', 'invoices:read']
const { token } = issuer.issueLink('studio-7', '42', permissions)
const session = issuer.issueSession(verifier.verifyLink(token)).token
const stored = await store.issue('studio-7', '42', permissions)

const secret = randomBytes(32)
const keyObject = createSecretKey(secret)
// A KeyObject would be imported at each call.
const cryptoKey = await webcrypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
const claims = { tenant: 'studio-7', sub: '42', permissions }
const sign = createSigner({ key: secret, algorithm: 'HS256', expiresIn: 7_776_000_000 })
const token256 = sign(claims)
const verifyFast = createVerifier({ key: secret, algorithms: ['HS256'], cache: false })
const verifyCached = createVerifier({ key: secret, algorithms: ['HS256'], cache: true })
const password = randomBytes(32).toString('hex')
const sealedSession = await sealData(claims, { password })
const sealedIron = await iron.seal(claims, password, iron.defaults)
const signed = cookie.sign(JSON.stringify(claims), password)

const note = randomBytes(1024)
const of = { name: 'notes.text', id: '1204' }
const object = scope.sealSync(note, of)
const gcm = {
  seal(plaintext) {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(Buffer.from('notes.text|1204'))
    return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  },
  open(sealed) {
    const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(0, 12)).setAAD(Buffer.from('notes.text|1204'))
    decipher.setAuthTag(sealed.subarray(-16))
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
  },
}
const sealedGcm = gcm.seal(note)
const mac = createHmac('sha256', secret).update(token).digest()

const GROUPS = {
  verify: {
    portward: () => verifier.verifyLink(token),
    'portward, and its tenant': () => verifier.verifyLink(token).tenant,
    'portward, and a permission': () => verifier.verifyLink(token).require('files:read'),
    'portward, a session': () => verifier.verifySession(session),
    'portward, with revocation (Store)': () => store.verifyLink(stored.token),
    'fast-jwt': () => verifyFast(token256),
    'fast-jwt, the same token again from its cache': () => verifyCached(token256),
    'jsonwebtoken (KeyObject)': () => jwt.verify(token256, keyObject, { algorithms: ['HS256'] }),
    'jose (CryptoKey)': async () => jwtVerify(token256, cryptoKey, { algorithms: ['HS256'] }),
    'cookie-signature, and JSON.parse': () => JSON.parse(cookie.unsign(signed, password)),
    'iron-session': async () => unsealData(sealedSession, { password }),
    'iron-webcrypto': async () => iron.unseal(sealedIron, password, iron.defaults),
    'Node crypto: HMAC alone': () => timingSafeEqual(createHmac('sha256', keyObject).update(token).digest(), mac),
  },
  issue: {
    portward: () => issuer.issueLink('studio-7', '42', permissions),
    'fast-jwt': () => sign(claims),
    'jsonwebtoken (KeyObject)': () => jwt.sign(claims, keyObject, { algorithm: 'HS256', expiresIn: 7_776_000 }),
    'jose (CryptoKey)': async () => new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setIssuedAt().setExpirationTime('90d').sign(cryptoKey),
    'cookie-signature, and JSON.stringify': () => cookie.sign(JSON.stringify(claims), password),
    'iron-session': async () => sealData(claims, { password }),
  },
  'seal 1 KiB': {
    'portward, synchronous': () => scope.sealSync(note, of),
    'portward, a promise': async () => scope.seal(note, of),
    'Node crypto: AES-256-GCM, one key for all': () => gcm.seal(note),
    'iron-webcrypto': async () => iron.seal(note.toString('base64'), password, iron.defaults),
  },
  'open 1 KiB': {
    'portward, synchronous': () => scope.openSync(object, of),
    'portward, a promise': async () => scope.open(object, of),
    'Node crypto: AES-256-GCM, one key for all': () => gcm.open(sealedGcm),
  },
}

const [ROUNDS, ROUND_NS] = { short: [3, 1e6], long: [200, 5e6] }[process.env.PORTWARD_BENCH] ?? [40, 5e6]

async function best(call) {
  const isAsync = call.constructor.name === 'AsyncFunction'
  const round = async (calls) => {
    const start = process.hrtime.bigint()
    if (isAsync) for (let index = 0; index < calls; index++) await call()
    else for (let index = 0; index < calls; index++) call()
    return Number(process.hrtime.bigint() - start)
  }
  let [calls, fastest] = [1, Infinity]
  while ((await round(calls)) < ROUND_NS / 2) calls *= 2
  for (let number = 0; number < ROUNDS; number++) fastest = Math.min(fastest, (await round(calls)) / calls)
  return fastest
}

/** What is compared says the same. */
for (const verified of [verifyFast(token256), jwt.verify(token256, keyObject), (await jwtVerify(token256, cryptoKey)).payload]) {
  assert.deepEqual([verified.tenant, verified.sub, verified.permissions], Object.values(claims))
  assert.equal(verified.exp - verified.iat, 7_776_000)
}
for (const other of [await unsealData(sealedSession, { password }), await iron.unseal(sealedIron, password, iron.defaults), JSON.parse(cookie.unsign(signed, password))]) {
  assert.deepEqual(other, claims)
}
assert.deepEqual([verifier.verifyLink(token).client, verifier.verifyLink(token).permissions.size], ['42', 4])

for (const [group, peers] of Object.entries(GROUPS)) {
  for (const [name, call] of Object.entries(peers)) console.log(JSON.stringify({ id: `${group}/${name}`, ns: await best(call) }))
}

await keys.close()
await store.close()
rmSync(directory, { recursive: true })
