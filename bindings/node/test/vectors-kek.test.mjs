// The shared vectors of keyrings under KEKs: a provider with the KEKs of the vector opens them, or nobody does.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deployment, Keyring, Unavailable } from 'portward'
import { directory } from './support/fixtures.mjs'
import { opened, written } from './support/keks.mjs'
import { bytesOf, casesOf, check, load, outcome } from './support/vectors.mjs'

const KINDS = { pkcs11: 0x02, 'aws-kms': 0x10, device: 0x20 }
const nameOf = ({ kind, id, version }) => [KINDS[kind] ?? parseInt(kind.slice('type-'.length), 16), id.toString('hex'), version].join()
const SIZE_MAX = 2 << 20

/** The KEKs of a vector: their keys, or that they are away, or refuse. */
function providerOf(told) {
  const keks = new Map(told.map((kek) => [[kek.type, kek.id, kek.version].join(), kek]))
  return {
    resolves: (slot) => keks.has(nameOf(slot)),
    async unwrap(slot) {
      const { key, unavailable, refuses } = keks.get(nameOf(slot))
      if (unavailable) throw new Unavailable('away', 'kek_unavailable')
      if (refuses) throw new Error('no')
      return opened(Buffer.from(key, 'hex'), slot.wrapped.subarray(0, 12), slot.binding, slot.wrapped.subarray(12))
    },
  }
}

const { files } = load('wrapped').fixtures
const partOf = ({ file, range, ...part }) => (file === undefined ? part : { hex: Buffer.from(files[file]).subarray(...range).toString('hex') })
const fileOf = ({ text, parts }) => bytesOf(parts === undefined ? { text } : { parts: parts.map(partOf) })
const ANY = JSON.parse(Deployment.generate().toJson())
const deploymentOf = (id) => JSON.stringify({ ...ANY, id })

/** As the core has it, with what comes before it here. A provider that has no KEK is as good as none. */
function expected({ expect }, size) {
  if (size > SIZE_MAX) return { error: 'file_too_large' }
  return expect.error === 'no_slot' ? { error: 'kek_required' } : expect
}

test('wrapped: wrapped_keyring', { timeout: 600_000 }, async () => {
  const folder = await directory()
  let good = 0
  for (const vector of casesOf('wrapped', 'wrapped_keyring')) {
    const [file, ok] = [fileOf(vector), vector.expect.ok && JSON.parse(vector.expect.ok.plaintext)]
    await written(folder, file, deploymentOf(ok?.deployment ?? '000102030405060708090a0b0c0d0e0f'))
    const found = await outcome(async () => (await Keyring.open(folder, { kek: providerOf(vector.keks) })).roots.map(({ id }) => id))
    check(vector.id, ok ? { ok: ok.roots.map(({ id }) => id) } : expected(vector, file.length), found)
    if (ok) good += 1
  }
  assert.ok(good > 90, `${good} opened`)
})

test('wrapped: wrapped_binding', async () => {
  const folder = await directory()
  const text = (length) => Buffer.alloc(length).toString('base64url')
  for (const { id, deployment, kek, expect } of casesOf('wrapped', 'wrapped_binding')) {
    const name = Buffer.from(kek.id, 'hex')
    const slot = Buffer.concat([Buffer.from([kek.type, name.length]), name, Buffer.from([0, 0, 0, kek.version, 0, 60]), Buffer.alloc(60)])
    const file = { format: 'portward-wrapped-keyring', version: 1, deployment, slots: [slot.toString('base64url')], commitment: text(32), ciphertext: text(16) }
    await written(folder, JSON.stringify(file), deploymentOf(deployment))
    let seen
    const resolves = (slot) => (seen = slot) === undefined
    await assert.rejects(Keyring.open(folder, { kek: { resolves, unwrap: assert.fail } }), { code: 'kek_required' })
    const pairs = Object.entries(seen.encryptionContext).sort()
    assert.deepEqual([nameOf(seen), { binding: seen.binding.toString('hex'), pairs }], [[kek.type, kek.id, kek.version].join(), expect.ok], id)
  }
})
