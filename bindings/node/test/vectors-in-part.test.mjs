// The shared vectors of what draws its own keys, ids and times here: compared by what does not depend on those. Each test says what it leaves out.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deployment, Issuer, Keyring, UntrustedLink, Verifier } from 'portward'
import { scope, store } from './support/fixtures.mjs'
import { casesOf, check, derive, fixtures, load, outcome } from './support/vectors.mjs'

const token = load('token')
const made = fixtures(token)

function says(link, vocabulary) {
  const { tenant, client, audience, issuedAt, expiresAt } = link
  return { tenant, client, audience, permissions: [...link.permissions(vocabulary)], lifetime: (expiresAt - issuedAt) / 1000 }
}

/** A link has an id and a time of its own, so it is compared by what it says. */
test('token: issue_link', async () => {
  const left = []
  for (const { id, tenant, client, permissions, audience, lifetime, ...vector } of casesOf('token', 'issue_link')) {
    const { ok, error } = vector.expect
    const { permissions: vocabulary } = made.deployment(vector.deployment)
    const issuer = new Issuer(made.keyring(vector.keyring, vector.deployment))
    // Whose clock is at its end; a link for nothing, and a lifetime that is no number here, which are refused at once.
    const isAtOnce = error === 'time_out_of_range' ? 'the end of time' : permissions.length === 0 ? 'nothing_granted' : typeof lifetime === 'bigint' ? 'ERR_INVALID_ARG_TYPE' : undefined
    if (isAtOnce !== undefined) left.push(isAtOnce)
    if (isAtOnce === 'the end of time') continue
    const options = { audience: audience ?? undefined, lifetime: lifetime ?? undefined }
    const found = await outcome(() => says(new UntrustedLink(issuer.issueLink(tenant, client, permissions, options).token), vocabulary))
    check(id, isAtOnce ? { error: isAtOnce } : ok === undefined ? vector.expect : { ok: says(new UntrustedLink(ok.token), vocabulary) }, found)
  }
  assert.ok(left.length < 6, left.join())
})

/** The time of making is now, when the links of the vectors have ended: what the making itself would say is not asked. */
test('token: issue_session', async () => {
  const [refused, ended] = [new Set(), []]
  for (const { id, keyring, deployment, link, now, lifetime, expect } of casesOf('token', 'issue_session')) {
    const own = made.keyring(keyring, deployment)
    // Who asks is whom the link is for: one for two is for nobody.
    const audience = (await outcome(() => new UntrustedLink(link).audience)).ok ?? undefined
    const told = await outcome(() => Verifier.withoutRevocation(own, { audience }).verifyLink(link, { at: now }))
    if (told.error !== undefined) {
      check(id, expect, told)
      refused.add(told.error)
      continue
    }
    if (expect.error === 'expired') {
      ended.push(id)
      continue
    }
    const codes = typeof lifetime === 'bigint' ? ['ERR_INVALID_ARG_TYPE'] : ['expired', expect.error]
    const { error } = await outcome(() => new Issuer(own).issueSession(told.ok, { lifetime: lifetime ?? undefined }))
    // One of the vectors has not ended: it is at the end of time.
    assert.ok(error === undefined ? told.ok.expiresAt > Date.now() && expect.ok !== undefined : codes.includes(error), `${id}: ${error}`)
  }
  // Ended by a clock that has to be told.
  assert.ok(ended.length < 10, ended.join())
  for (const error of ['wrong_audience', 'forged', 'bad_checksum', 'unknown_root', 'wrong_kind', 'not_yet_valid']) assert.ok(refused.has(error), error)
})

/** As it stands in a token. */
test('keys: identifier', async () => {
  const issuer = new Issuer(Keyring.generate())
  for (const { id, text, expect } of casesOf('keys', 'identifier')) {
    const written = () => {
      const link = issuer.issueLink(text, 'c', ['files:read']).token
      assert.equal(new UntrustedLink(link).tenant, text, id)
      const { wire } = expect.ok ?? { wire: '' }
      assert.ok(Buffer.from(link.slice(4), 'base64url').includes(Buffer.from(wire, 'hex')), id)
      return { wire }
    }
    check(id, expect, await outcome(written))
  }
})

/** In a keyring, whose check value for a key that is new here is made as the page says. */
test('keys: key_string', async () => {
  const deployment = Deployment.generate()
  const deploymentId = Buffer.from(deployment.id, 'hex')
  for (const { id, text, expect } of casesOf('keys', 'key_string')) {
    const { key } = expect.ok ?? { key: '00'.repeat(32) }
    const value = derive(Buffer.from(key, 'hex'), deploymentId, 'portward/v1/root-check', [Buffer.of(0, 0, 0, 1)]).subarray(0, 8).toString('hex')
    const root = { id: '00000001', state: 'active', created: 1_764_000_000, last_active: null, check: value, key: text }
    const read = () => {
      const json = JSON.stringify({ format: 'portward-keyring', version: 1, deployment: deployment.id, roots: [root] })
      const keyring = Keyring.fromJson(Buffer.from(json), deployment)
      assert.equal(JSON.parse(keyring.exportInClear()).roots[0].key, text, id)
      return { key }
    }
    // Of a keyring it is the file that is refused.
    const found = await outcome(read)
    check(id, expect.error === undefined ? expect : { error: 'keyring_malformed' }, found)
  }
})

/** Name and id are options here, and the tenant is the scope's: a vector that has not each of them once is no call. */
test('envelope: context', async () => {
  const { keys } = await scope()
  const issuer = new Issuer(Keyring.generate())
  let asked = 0
  for (const { id, pairs, expect } of casesOf('envelope', 'context')) {
    const { tenant, name, id: which, ...more } = Object.fromEntries(pairs)
    const isOnce = Object.keys({ tenant, name, which, ...more }).length === pairs.length && ![tenant, name, which].includes(undefined)
    // A tenant that is none is refused before it is anything's: the identifiers are asked above.
    if (!isOnce || (await outcome(() => issuer.issueLink(tenant, 'c', ['files:read']))).error !== undefined) continue
    await keys.newTenant(tenant).catch((error) => assert.equal(error.code, 'key_exists'))
    const notes = keys.scope(tenant, 'record:x')
    const of = { name, id: which, more }
    const sealed = async () => assert.equal((await notes.open(await notes.seal(Buffer.from('text'), of), of)).toString(), 'text')
    const found = await outcome(sealed)
    check(id, expect.error === undefined ? { ok: undefined } : expect, found)
    asked += 1
  }
  assert.ok(asked > 50, `${asked}`)
})

/** Its key is drawn: how long it is, and its version before it, do not depend on that. */
test('envelope: blind_index', async () => {
  const { scope: indexes } = await scope('index:x')
  for (const { id, table, column, name, normaliser, bits, version, value, expect } of casesOf('envelope', 'blind_index')) {
    const index = async () => {
      const found = (await indexes.blindIndex({ table, column, name, normaliser, bits, version })).of(value)
      return [found[0], found.length]
    }
    const known = expect.ok && Buffer.from(expect.ok.index, 'hex')
    // A version is a byte, and bits are two: what is no such number is refused for that.
    const isNumber = version <= 0xff && bits <= 0xffff
    check(id, !isNumber ? { error: 'number_out_of_range' } : known ? { ok: [known[0], known.length] } : expect, await outcome(index))
  }
})

/** A store has its own clock, in which the nonces of the vectors have ended: what is asked is what comes before that. */
test('redeem: nonce_check', async () => {
  const before = ['nonce_malformed', 'cookie_malformed', 'unknown_root']
  const of = fixtures(load('redeem'))
  const { links, token: link } = await withStore(of.keyring('main', 'main'))
  let asked = 0
  for (const { id, keyring, deployment, cookie, nonce, expect } of casesOf('redeem', 'nonce_check')) {
    if (!before.includes(expect.error) || keyring !== 'main' || deployment !== 'main') continue
    check(id, expect, await outcome(() => links.redeem(link, cookie, nonce)))
    asked += 1
  }
  assert.ok(asked > 240, `${asked}`)
  const { cookie, nonce } = links.peek(link)
  assert.ok((await links.redeem(link, cookie, nonce)).token)
})

async function withStore(keyring) {
  const { store: links } = await store(undefined, keyring)
  return { links, token: (await links.issue('t', 'c', ['files:read'])).token }
}

/** Each stands before anything that would need its key. Those that are good are of keys that are not here. */
test('envelope: header', async () => {
  const { scope: notes } = await scope('record:notes')
  const of = { name: 'notes.text', id: '1' }
  assert.equal(notes.openSync(notes.sealSync(Buffer.from('text'), of), of).toString(), 'text', 'the control')
  const behind = new Set()
  for (const { id, header, expect } of casesOf('envelope', 'header')) {
    const found = await outcome(() => notes.openSync(Buffer.from(header, 'hex'), of))
    if (expect.error !== undefined) check(id, expect, found)
    else behind.add(found.error)
  }
  assert.deepEqual([...behind].sort(), ['no_slot', 'unknown_data_key'])

  // A slot by itself, as the only one of a header.
  const { header } = [...casesOf('envelope', 'header')].find(({ expect }) => expect.ok?.kind === 'embedded')
  for (const { id, slot, expect } of casesOf('envelope', 'slot')) {
    const slots = Buffer.concat([Buffer.of(0, 0, 1), Buffer.from(slot, 'hex')])
    slots.writeUInt16BE(slots.length - 2)
    const begun = Buffer.concat([Buffer.from(header, 'hex').subarray(0, 20), slots])
    check(id, expect.ok === undefined ? expect : { error: 'no_slot' }, await outcome(() => notes.openSync(begun, of)))
  }
})
