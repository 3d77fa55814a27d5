import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { Deployment, Issuer, Keyring, Portal, PortwardError, UntrustedLink, Verifier } from 'portward'
import { directory, scope } from './support/fixtures.mjs'

const deployment = Deployment.generate()
const keyring = Keyring.generate(deployment)
const issuer = new Issuer(keyring)
const verifier = Verifier.withoutRevocation(keyring)
const vocabulary = deployment.permissions

const identifier = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,20}$/)
const permissions = fc.subarray([...vocabulary], { minLength: 1 })

test('what was issued is what is verified', () => {
  fc.assert(
    fc.property(identifier, identifier, permissions, fc.option(identifier), (tenant, client, granted, audience) => {
      const options = audience === null ? {} : { audience }
      const { token, id, expiresAt } = issuer.issueLink(tenant, client, granted, options)
      const access = Verifier.withoutRevocation(keyring, options).verifyLink(token)
      assert.deepEqual([access.tenant, access.client, access.tokenId, access.audience], [tenant, client, id, audience])
      assert.equal(access.expiresAt.getTime(), expiresAt.getTime())
      for (const name of vocabulary) assert.equal(access.allows(name), granted.includes(name))
    }),
  )
})

test('a copy never grants more', () => {
  fc.assert(
    fc.property(permissions, permissions, fc.option(fc.uniqueArray(identifier, { minLength: 1, maxLength: 16 })), (all, kept, resources) => {
      const { token } = issuer.issueLink('studio-7', '42', all)
      const copy = new UntrustedLink(token).narrow({ permissions: kept, resources: resources ?? undefined, vocabulary })
      const access = verifier.verifyLink(copy)
      for (const name of vocabulary) {
        const granted = all.includes(name) && kept.includes(name)
        assert.equal(access.allows(name), granted && resources === null)
        for (const resource of resources ?? ['x']) assert.equal(access.allows(name, resource), granted)
      }
    }),
  )
})

test('a token that was changed anywhere is refused', () => {
  const { token } = issuer.issueLink('studio-7', '42', ['files:read'])
  assert.equal(verifier.verifyLink(token).client, '42')
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.string({ minLength: 1, maxLength: 2, unit: 'grapheme' }), (at, put) => {
      const changed = token.slice(0, at) + put + token.slice(at + 1)
      if (changed !== token) assert.throws(() => verifier.verifyLink(changed), PortwardError)
    }),
    { numRuns: 1000 },
  )
})

test('what is sealed opens, and opens as nothing else', async () => {
  const { scope: files } = await scope()
  const of = fc.record({ name: identifier, id: fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme-ascii' }) })
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), of, of, async (bytes, one, other) => {
      const object = await files.seal(bytes, one)
      assert.ok((await files.open(object, one)).equals(bytes))
      if (one.name !== other.name || one.id !== other.id) await assert.rejects(files.open(object, other), { name: 'Unreadable' })
    }),
    { numRuns: 50 },
  )
})

test('any part that is opened is that part, however little is brought of it at a time', async () => {
  const { scope: files } = await scope()
  const of = { name: 'files.content', id: '7' }
  const part = fc.tuple(fc.nat(100_000), fc.nat(100_000))
  await fc.assert(
    fc.asyncProperty(fc.nat(80_000), fc.boolean(), fc.array(part, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1_000, max: 100_000 }), async (size, embedded, parts, most) => {
      const bytes = randomBytes(size)
      const object = await files.seal(bytes, { ...of, embedded })
      const read = async (buffer, offset, length, position) => ({ bytesRead: object.copy(buffer, offset, position, position + Math.min(length, most)) })
      const range = await files.openRange({ stat: async () => ({ size: object.length }), read }, of)
      assert.equal(range.length, size)
      for (const [from, length] of parts) assert.ok((await range.read(from, length)).equals(bytes.subarray(from, from + length)))
    }),
    { numRuns: 50 },
  )
})

test('whatever any method is called with, what goes wrong is a TypeError or one of ours, and the process lives', { timeout: 300_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(new URL('support/anything.mjs', import.meta.url))], { cwd: await directory() })
  const { methods, calls, wrong } = JSON.parse(stdout)
  assert.deepEqual(wrong, [])
  assert.ok(methods > 100 && calls > 20 * methods, stdout)
})

test('requests of any form are answered, or left to the application', () => {
  const portal = new Portal('https://portal.example')
  const request = fc.record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'BREW'),
    path: fc.oneof(fc.constantFrom('/portal', '/portal/redeem', '/portal/peek', '/portal/renew', '/portal/leave'), fc.string().map((rest) => `/portal/${rest}`)),
    headers: fc.array(fc.tuple(fc.constantFrom('Cookie', 'Origin', 'Content-Type', 'Accept', 'Authorization'), fc.string({ unit: 'binary-ascii' }))).map((lines) => lines.flat()),
    body: fc.uint8Array({ maxLength: 5000 }),
  })
  fc.assert(
    fc.property(request, (request) => {
      const step = portal.read(request)
      assert.ok(step === null || 'question' in step || (step.status >= 200 && step.status < 504))
    }),
    { numRuns: 1000 },
  )
})
