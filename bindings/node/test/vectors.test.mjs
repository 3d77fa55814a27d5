// The shared vectors, as far as what they ask for can be asked here: no time is told to the store, and no random bytes.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deployment, Keyring, PortwardError, UntrustedLink, Verifier, indexBits } from 'portward'
import { bytesOf, fixtures, load } from './support/vectors.mjs'

const set = (names) => [...names].sort()

function verifierOf(made, { deployment, keyring, audience, skew }) {
  return Verifier.withoutRevocation(made.keyring(keyring, deployment), { audience, skew })
}

/** Views are the core's; times above 2⁴⁰ are no times here, and numbers above 2⁵³ no numbers. */
const canBeAsked = ({ view, now, skew, rows }) => typeof rows !== 'bigint' && !(rows > Number.MAX_SAFE_INTEGER) && view === undefined && (now === undefined || now <= 2 ** 40) && (skew === undefined || skew <= 2 ** 40)

function told(access) {
  const { tenant, client, tokenId, issuedAt, expiresAt, permissions, resources, recipients, copies } = access
  return {
    tenant, client, token_id: tokenId, issued_at: issuedAt / 1000, expires_at: expiresAt / 1000, permissions: set(permissions),
    resources: resources === null ? null : set(resources), recipients: [...recipients], copies: [...copies],
  }
}

function verified(made, vector) {
  const access = verifierOf(made, vector)[vector.op === 'verify_link' ? 'verifyLink' : 'verifySession'](vector.token, { at: vector.now })
  return vector.op === 'verify_link' ? told(access) : { ...told(access), link_id: access.linkId, link_revision: access.linkRevision }
}

const OPS = {
  verify_link: verified,
  verify_session: verified,
  allow(made, vector) {
    const access = verifierOf(made, vector)[vector.kind === 'link' ? 'verifyLink' : 'verifySession'](vector.token, { at: vector.now })
    access.require(vector.permission, vector.resource)
    assert.ok(access.allows(vector.permission, vector.resource))
    return {}
  },
  narrow(_, { token, restrictions }) {
    const { expires_at: expiresAt, permissions, resources, audience, recipient, seal } = restrictions
    const vocabulary = Array.from({ length: 64 }, (_, bit) => `bit:n${bit}`)
    const names = permissions?.map((bit) => `bit:n${bit}`)
    return { token: new UntrustedLink(token).narrow({ expiresAt, permissions: names, resources, audience, recipient, seal, vocabulary }) }
  },
  deployment_file(_, vector) {
    const { id, permissions } = Deployment.fromJson(bytesOf(vector))
    return { id, permissions: [...permissions] }
  },
  index_bits: (_, { rows, distinct, other_bits: otherBits, override: evenIfFew }) => ({ bits: indexBits({ rows, distinct, otherBits, evenIfFew }) }),
}

/** Permissions and resources are sets. */
function plain(ok, op) {
  if (!op.startsWith('verify_')) return ok
  return { ...ok, permissions: set(ok.permissions), resources: ok.resources === null ? null : set(ok.resources) }
}

for (const [subject, ops] of Object.entries({
  token: ['verify_link', 'verify_session', 'allow', 'narrow'],
  keys: ['deployment_file'],
  envelope: ['index_bits'],
})) {
  const vectors = load(subject)
  const made = fixtures(vectors)
  for (const op of ops) {
    test(`${subject}: ${op}`, () => {
      let [asked, left] = [0, 0]
      for (const vector of vectors.cases.filter((vector) => vector.op === op)) {
        if (!canBeAsked(vector)) {
          left += 1
          continue
        }
        asked += 1
        const { ok, error, public: answer } = vector.expect
        if (error === undefined) {
          assert.deepEqual(OPS[op](made, vector), plain(ok, op), vector.id)
        } else {
          const same = (thrown) => thrown instanceof PortwardError && thrown.code === error && (answer === undefined || thrown.public === answer)
          assert.throws(() => OPS[op](made, vector), same, `${vector.id}: ${error}`)
        }
      }
      assert.ok(asked > left, `${asked} asked, ${left} left out`)
    })
  }
}

test('keys: sealed_keyring', { timeout: 600_000 }, async () => {
  const { fixtures: all, cases } = load('keys')
  const sealed = cases.filter(({ op, expect }) => op === 'sealed_keyring' && expect.error !== undefined)
  const deployment = Deployment.fromJson(Buffer.from(JSON.stringify(Object.values(all.deployments)[0])))
  for (const vector of sealed) {
    const opened = Keyring.unseal(bytesOf(vector), Buffer.from(vector.passphrase), deployment)
    await assert.rejects(opened, { code: vector.expect.error }, vector.id)
  }
})
