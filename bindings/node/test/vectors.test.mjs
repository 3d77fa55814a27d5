// The shared vectors, as far as what they ask for can be asked here: no time is told to the store, and no random bytes. What is not replayed, and
// why, is `NOT_REPLAYED`. More of them are in feed.test.mjs, vectors-in-part.test.mjs and frameworks.test.mjs.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Deployment, Keyring, PortwardError, UntrustedLink, Verifier, indexBits } from 'portward'
import { scope } from './support/fixtures.mjs'
import { bytesOf, casesOf, fixtures, load, subjects } from './support/vectors.mjs'

const set = (names) => [...names].sort()

function verifierOf(made, { deployment, keyring, audience, skew }) {
  return Verifier.withoutRevocation(made.keyring(keyring, deployment), { audience, skew })
}

/** What a vector tells that is no value here: times above 2⁴⁰, and numbers above 2⁵³. It is refused for that, whatever the vector expects. */
function expected({ now = 0, rows = 0, expect }) {
  if ([now, rows].some((number) => typeof number === 'bigint')) return { error: 'ERR_INVALID_ARG_TYPE' }
  if (now > 2 ** 40) return { error: 'time_out_of_range' }
  if (rows > Number.MAX_SAFE_INTEGER) return { error: 'number_out_of_range' }
  return expect
}

/** Whose a keyring is to be: a caller says it here, and the core tells it by the file. Where that says nothing it is anybody's. */
function deploymentOf(vector) {
  const anybody = Deployment.generate()
  try {
    const id = vector.deployment ?? JSON.parse(bytesOf(vector)).deployment
    return Deployment.fromJson(Buffer.from(JSON.stringify({ ...JSON.parse(anybody.toJson()), id })))
  } catch {
    return anybody
  }
}

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
  keyring_file(_, vector) {
    const { roots } = Keyring.fromJson(bytesOf(vector), deploymentOf(vector))
    return { roots: roots.map(({ id, state }) => [id, state]) }
  },
  index_bits: (_, { rows, distinct, other_bits: otherBits, override: evenIfFew }) => ({ bits: indexBits({ rows, distinct, otherBits, evenIfFew }) }),
}

/** Permissions and resources are sets. */
function plain(ok, op) {
  if (!op.startsWith('verify_')) return ok
  return { ...ok, permissions: set(ok.permissions), resources: ok.resources === null ? null : set(ok.resources) }
}

const REPLAYED = {
  token: ['verify_link', 'verify_session', 'allow', 'narrow'],
  keys: ['deployment_file', 'keyring_file'],
  envelope: ['index_bits'],
}

const DRAWN = 'takes a data key, a KEK or random bytes from outside: here these are drawn inside, and no call takes one'
const INSIDE = 'is about bytes, or rows, that no call here takes or gives by themselves'
const CLOCK = "tells the time to a store, whose clock here is the system's, and puts rows into it, which no call does"
const ELSEWHERE = 'is of the command, or of phones'

/** For each file of vectors what no test of this package replays, and why. The core does, or the store. What is replayed in part says so there. */
const NOT_REPLAYED = {
  backup: { [ELSEWHERE]: ['*'] },
  envelope: {
    [DRAWN]: ['wrap', 'unwrap', 'seal', 'open', 'open_range', 'rewrap', 'check_value'],
    [INSIDE]: ['binding', 'usage'],
  },
  keys: {
    [DRAWN]: ['derive'],
    [INSIDE]: ['identifier_decode', 'varint_u32', 'varint_u64', 'base64url', 'bitmap', 'crc32'],
    [ELSEWHERE]: ['root_destroy'],
  },
  links: { [INSIDE]: ['*'] },
  redeem: { [DRAWN]: ['nonce_make', 'derive'], [CLOCK]: ['redeem', 'renew'], [INSIDE]: ['chain_id'] },
  revocation: { [INSIDE]: ['history'] },
  store: { [INSIDE]: ['*'] },
  store_feed: { [INSIDE]: ['*'] },
  token: { [INSIDE]: ['link_check', 'copy_id'] },
  vault: { [ELSEWHERE]: ['*'] },
}

/** What the code of a test goes through: of a file of vectors these operations, or all. What stands in a comment is not asked. */
function askedIn(test) {
  const code = test.replace(/\/\*.*?\*\/|(?<=^|\s)\/\/.*?$/gms, '')
  const calls = [...code.matchAll(/casesOf\('(\w+)', ((?:'\w+'(?:, )?)+)\)/g)].flatMap(([, subject, ops]) => ops.match(/\w+/g).map((op) => `${subject} ${op}`))
  const [, whole] = (/ of vectors\.cases\)/.test(code) && code.match(/^const vectors = load\('(\w+)'\)$/m)) || []
  return whole === undefined ? calls : [...calls, ...load(whole).cases.map(({ op }) => `${whole} ${op}`)]
}

function askedFor() {
  const folder = new URL('.', import.meta.url)
  const tests = readdirSync(folder).filter((name) => name.endsWith('.test.mjs'))
  return tests.flatMap((name) => askedIn(readFileSync(new URL(name, folder), 'utf8')))
}

test('every vector is replayed, or it is said why not', () => {
  const pairs = (table) => Object.entries(table).flatMap(([subject, ops]) => ops.map((op) => `${subject} ${op}`))
  const there = subjects().flatMap((subject) => load(subject).cases.map(({ op }) => `${subject} ${op}`))
  const whole = (subject, ops) => (ops[0] === '*' ? there.filter((pair) => pair.startsWith(`${subject} `)) : pairs({ [subject]: ops }))
  const left = Object.entries(NOT_REPLAYED).flatMap(([subject, reasons]) => Object.values(reasons).flatMap((ops) => whole(subject, ops)))
  const call = `casesOf(${"'keys', 'a', 'b'"})`
  assert.deepEqual([call, `// ${call}`, `/** ${call} */`, `  x // ${call}\n${call}`].map((text) => askedIn(text).length), [2, 0, 0, 2], 'the control')
  // A new file, or a new operation in one, is in neither; and none is in both.
  const said = [...pairs(REPLAYED), ...new Set(askedFor()), ...new Set(left)]
  assert.deepEqual(said.sort(), [...new Set(there)].sort())
})

for (const [subject, ops] of Object.entries(REPLAYED)) {
  const vectors = load(subject)
  const made = fixtures(vectors)
  for (const op of ops) {
    test(`${subject}: ${op}`, () => {
      for (const vector of vectors.cases.filter((vector) => vector.op === op)) {
        const { ok, error, public: answer } = expected(vector)
        if (error === undefined) {
          assert.deepEqual(OPS[op](made, vector), plain(ok, op), vector.id)
        } else {
          const isTold = (thrown) => thrown instanceof PortwardError || error === 'ERR_INVALID_ARG_TYPE'
          const same = (thrown) => isTold(thrown) && thrown.code === error && (answer === undefined || thrown.public === answer)
          assert.throws(() => OPS[op](made, vector), same, `${vector.id}: ${error}`)
        }
      }
    })
  }
}

test('keys: sealed_keyring', { timeout: 600_000 }, async () => {
  const { fixtures: all } = load('keys')
  const deployment = Deployment.fromJson(Buffer.from(JSON.stringify(Object.values(all.deployments)[0])))
  let good = 0
  for (const vector of casesOf('keys', 'sealed_keyring')) {
    const { ok, error } = vector.expect
    // A recovery export has the deployment in a line before the keyring.
    const inside = ok && JSON.parse(ok.plaintext.split('\n').at(-1))
    const of = inside ? deploymentOf({ deployment: inside.deployment }) : deployment
    const opened = Keyring.unseal(bytesOf(vector), Buffer.from(vector.passphrase), of)
    if (error !== undefined) {
      await assert.rejects(opened, { code: error }, vector.id)
    } else {
      assert.deepEqual((await opened).roots.map(({ id }) => id), inside.roots.map(({ id }) => id), vector.id)
      good += 1
    }
  }
  assert.ok(good > 5, `${good} opened`)
})

test('envelope: scope', async () => {
  const { keys } = await scope()
  for (const { id, text, expect } of casesOf('envelope', 'scope')) {
    const parse = () => {
      const [, kind, name] = /^(.*?):(.*)$/s.exec(keys.scope('studio-7', text).name)
      return { kind, name }
    }
    if (expect.error === undefined) assert.deepEqual(parse(), expect.ok, id)
    else assert.throws(parse, { code: expect.error }, id)
  }
})
