import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Deployment, Follower, InputError, InvalidValue, Issuer, Keyring, KeyStore, Portal, PortwardError, Refused, Store, UntrustedLink, Verifier } from 'portward'
import { onEach } from './support/databases.mjs'
import { code, directory, scope, store, until } from './support/fixtures.mjs'

onEach('a link, a copy, a session, and the end of all', async (database) => {
  const { store: links, keyring } = await store(database)
  const link = await links.issue('studio-7', '42', ['files:read', 'messages:send'], { label: 'the contract', usesMax: 2 })
  assert.deepEqual([link.label, link.usesMax, link.uses, link.state, link.resources], ['the contract', 2, 0, 'active', null])
  assert.deepEqual([...link.permissions].sort(), ['files:read', 'messages:send'])

  const access = links.verifyLink(link.token)
  assert.deepEqual([access.kind, access.tenant, access.client, access.tokenId, access.linkId], ['link', 'studio-7', '42', link.id, link.id])
  assert.ok(access.allows('files:read') && !access.allows('files:delete'))
  assert.throws(() => access.require('files:delete'), { name: 'Refused', code: 'permission_denied', public: 'refused' })
  assert.ok(!access.allows('no:such'))
  // What is no identifier is a wrong value, as in Python.
  for (const ask of ['require', 'allows']) {
    for (const odd of ['', 'a b', '\ud800', 'x'.repeat(1000)]) assert.throws(() => access[ask]('files:read', odd), { name: 'InvalidValue' })
  }
  assert.ok(access.allows('files:read', 'a'))
  assert.throws(() => access.allows('files:read', 7), { name: 'TypeError', message: /^resource: / })
  assert.throws(() => access.allows(7), { name: 'TypeError', message: /^permission: / })
  assert.equal(access.expiresAt.getTime(), link.expiresAt.getTime())

  const vocabulary = keyring.deployment.permissions
  const copy = new UntrustedLink(link.token).narrow({ permissions: ['files:read'], resources: ['7', '8'], recipient: 'the lawyer', vocabulary })
  const narrowed = links.verifyLink(copy)
  assert.deepEqual([[...narrowed.permissions], [...narrowed.resources], narrowed.recipients], [['files:read'], ['7', '8'], ['the lawyer']])
  assert.throws(() => narrowed.require('files:read'), { code: 'resource_required' })
  assert.throws(() => narrowed.require('files:read', '9'), { code: 'resource_denied' })
  narrowed.require('files:read', '7')

  const { nonce, cookie } = links.peek(link.token)
  const session = await links.redeem(link.token, cookie, nonce)
  assert.equal(links.verifySession(session.token).linkId, link.id)
  assert.equal((await links.link('studio-7', link.id)).uses, 1)
  assert.ok((await links.renew(session.token)).token.startsWith('pws_'))
  assert.deepEqual((await links.history('studio-7', link.id)).map((event) => event.kind), ['redeemed', 'issued'])

  await links.pause('studio-7', link.id)
  await assert.rejects(async () => links.verifySession(session.token), { code: 'link_suspended' })
  await links.restore('studio-7', link.id)
  const stamp = await links.revokeLink('studio-7', link.id)
  assert.ok(links.isAtLeast(stamp) && links.isFresh)
  for (const token of [link.token, copy]) {
    const refused = (error) =>
      error instanceof Refused && error instanceof InputError && error instanceof PortwardError && error.code === 'link_revoked' && error.tokenId !== null
    assert.throws(() => links.verifyLink(token), refused)
  }
})

onEach('errors of asynchronous work are ours, too', async (database) => {
  const { store: links, keyring, location } = await store(database)
  await assert.rejects(links.link('studio-7', 'zz'), (error) => error instanceof InvalidValue && error.code === 'id_malformed')
  await assert.rejects(links.link('studio-7', '0'.repeat(32)), (error) => error instanceof PortwardError && error.code === 'link_unknown')
  await assert.rejects(Store.open('nowhere:x', keyring), (error) => error instanceof InvalidValue && error.code === 'store_location')
  await assert.rejects(Store.open(location, Keyring.generate()), PortwardError)
  await links.close()
  assert.equal(await code(() => links.refresh()), 'closed')
  assert.equal(await code(() => links.verifyLink('pwl_')), 'closed')
})

onEach('links are listed in pages, and edited', async (database) => {
  const { store: links } = await store(database)
  for (let number = 0; number < 5; number++) await links.issue('studio-7', `c${number}`, ['files:read'], { label: `Label ${number}` })
  const first = await links.list('studio-7', { limit: 3 })
  const second = await links.list('studio-7', { limit: 3, after: first.next })
  assert.deepEqual([first.links.length, second.links.length, second.next], [3, 2, null])
  assert.equal((await links.list('studio-7', { labelContains: 'label 4', client: 'c4', state: 'active' })).links.length, 1)
  assert.equal(first.links[0].token, null)

  const { id } = first.links[0]
  const edited = await links.edit('studio-7', id, { label: null, resources: ['7'], usesMax: 3 })
  assert.deepEqual([edited.label, [...edited.resources], edited.usesMax], [null, ['7'], 3])
  const again = await links.edit('studio-7', id, { resources: null, usesMax: null, label: 'x' })
  assert.deepEqual([again.label, again.resources, again.usesMax], ['x', null, null])
  assert.equal(await code(() => links.edit('studio-7', id, { permissions: ['files:delete'] })), 'over_ceiling')
  assert.ok((await links.show('studio-7', id)).token.startsWith('pwl_'))
})

test('keyrings are made, sealed and opened', async () => {
  const path = await directory()
  const passphrase = Buffer.from('correct horse')
  assert.equal(await code(() => Keyring.create(join(path, 'p'), { events: '/dev/full' })), 'sink_failed')
  const events = join(path, 'events.jsonl')
  const keyring = await Keyring.create(join(path, 'p'), { passphrase, permissions: ['a:b', 'a:c'], events })
  const told = (await readFile(events, 'utf8')).trimEnd().split('\n').map((line) => JSON.parse(line).operation)
  assert.deepEqual(told, ['root_made', 'root_activated'])
  assert.equal(await code(() => Keyring.open(join(path, 'p'))), 'passphrase_required')
  assert.equal(await code(() => Keyring.open(join(path, 'p'), { passphrase: Buffer.from('x') })), 'sealed_wrong_passphrase')
  const opened = await Keyring.open(join(path, 'p'), { passphrase })
  assert.equal(opened.deployment.id, keyring.deployment.id)
  assert.deepEqual([...keyring.deployment.expand(['a:*'])], ['a:b', 'a:c'])
  const clear = Keyring.fromJson(keyring.exportInClear(), keyring.deployment)
  assert.deepEqual(clear.roots, keyring.roots)
  assert.equal(keyring.roots[0].state, 'active')
  assert.ok(keyring.deployment.linkLifetimes.default < keyring.deployment.linkLifetimes.ceiling)
})

test('without a store: issuer, verifier and sessions of links', () => {
  const keyring = Keyring.generate()
  const issuer = new Issuer(keyring)
  const { token, expiresAt } = issuer.issueLink('studio-7', '42', new Set(['files:read']), { lifetime: 3600, audience: 'app' })
  assert.throws(() => Verifier.withoutRevocation(keyring).verifyLink(token), Refused)
  const verifier = Verifier.withoutRevocation(keyring, { audience: 'app' })
  assert.throws(() => verifier.verifyLink(token, { at: expiresAt }), { code: 'expired' })
  const session = issuer.issueSession(verifier.verifyLink(token, { at: new Date() }), { lifetime: 60 })
  const access = verifier.verifySession(session.token)
  assert.equal(access.audience, 'app')
  assert.equal(access.kind, 'session')
  assert.throws(() => issuer.issueSession(access), { code: 'not_a_link' })
})

onEach('a follower refuses what the store has revoked', async (database) => {
  const { store: links, keyring } = await store(database)
  const follower = new Follower(keyring, { tenants: ['studio-7'] })
  const { id, token } = await links.issue('studio-7', '42', ['files:read'])
  assert.throws(() => follower.verifyLink(token), Refused)
  await follower.accept(await links.answer(await follower.request()))
  assert.equal(follower.verifyLink(token).tokenId, id)
  assert.ok(new Issuer(keyring).issueSession(follower.verifyLink(token)).token)
  await links.revokeLink('studio-7', id)
  const stamp = await follower.accept(await links.answer(await follower.request()))
  assert.deepEqual([follower.highest, new Follower(keyring, { highest: stamp }).highest], [stamp, stamp])
  assert.throws(() => follower.verifyLink(token), { code: 'link_revoked' })
  await assert.rejects(follower.accept(Buffer.of(1, 2, 3)), PortwardError)
})

onEach('a follower of lists refuses what the store has revoked, and asks nobody', async (database) => {
  const { store: links, keyring } = await store(database)
  const follower = Follower.ofLists(keyring, { tenants: ['studio-7'], skew: 0 })
  const { id, token } = await links.issue('studio-7', '42', ['files:read'])
  const now = Math.floor(Date.now() / 1000)
  const times = { thisUpdate: now - 100, nextUpdate: now + 100 }
  const publish = (tenants) => links.publish({ ...times, tenants })
  assert.throws(() => follower.verifyLink(token), Refused)
  const older = await publish(['studio-7'])
  await assert.rejects(follower.accept(await publish(undefined)), { name: 'Refused', code: 'wrong_scope' })
  await assert.rejects(follower.accept(older, { at: now - 101 }), { name: 'Refused', code: 'list_not_yet_current' })
  await assert.rejects(follower.accept(older, { at: new Date((now + 100) * 1000) }), { name: 'Refused', code: 'list_expired' })
  await follower.accept(older)
  assert.equal(follower.verifyLink(token).tokenId, id)
  assert.throws(() => follower.verifyLink(token, { at: now + 100 }), { code: 'view_stale' })
  await links.revokeLink('studio-7', id)
  assert.equal(await follower.accept(await publish(['studio-7'])), links.stamp)
  assert.throws(() => follower.verifyLink(token), { code: 'link_revoked' })
  await assert.rejects(follower.accept(older), { code: 'rollback' })
  await assert.rejects(follower.request(), { name: 'InvalidValue', code: 'follows_lists' })
  assert.throws(() => Follower.ofLists(keyring, { maxStaleness: 30 }), { name: 'TypeError', message: /"maxStaleness"/ })
})

test('an answer is taken in on a thread of the pool', async () => {
  const { store: links, keyring } = await store()
  const follower = new Follower(keyring)
  const { token } = await links.issue('studio-7', '42', ['files:read'])
  const answer = await links.answer(await follower.request())
  // All threads of the pool are busy, so it cannot have begun.
  const busy = Array.from({ length: 4 }, () => keyring.seal(Buffer.from('takes a second')))
  const accepting = follower.accept(answer)
  const bytes = Buffer.from(answer)
  answer.fill(0)
  assert.equal(follower.highest, null)
  assert.throws(() => follower.verifyLink(token), Refused)
  const stamp = await accepting
  assert.deepEqual([follower.highest, follower.verifyLink(token).client], [stamp, '42'])
  await assert.rejects(follower.accept(bytes), PortwardError, 'it was answered already')
  await Promise.all(busy)
})

onEach('a store is compacted, published, saved and recovered', async (database) => {
  const { store: links, keyring, location } = await store(database)
  const stays = await links.issue('studio-7', '42', ['files:read'])
  const { id, token } = await links.issue('studio-7', '42', ['files:read'])
  await links.actingAs('ada').revokeLink('studio-7', id)
  // Nothing is old yet, so nothing is gone.
  assert.deepEqual(await links.compact({ kept: 0 }), { changes: 0, redemptions: 0, links: 0 })
  assert.equal(links.verifyLink(stays.token).client, '42')
  assert.throws(() => links.verifyLink(token), { code: 'link_revoked' })
  const now = Math.floor(Date.now() / 1000)
  assert.ok((await links.publish({ thisUpdate: now, nextUpdate: now + 60 })).length > 0)
  const newer = await links.saveView()
  await links.close()
  const { merged, found, begins } = await Store.recover(location, keyring, { newer })
  assert.ok(merged && found !== begins)
})

onEach('what is done is told first, and what cannot be told is not done', async (database) => {
  const path = await directory()
  const events = join(path, 'events.jsonl')
  const keyring = Keyring.generate()
  const at = await database.fresh(path, 'links')
  const keysAt = await database.fresh(path, 'keys')
  const links = await Store.open(at.location, keyring, { create: true, events })
  await links.actingAs('ada').issue('studio-7', '42', ['files:read'])
  await links.close()
  await Store.recover(at.location, keyring, { events })
  const keys = await KeyStore.open(keysAt.location, keyring, { feed: null, create: true, events })
  await keys.actingAs('ada').newTenant('studio-7')
  await keys.close()
  const told = (await readFile(events, 'utf8')).trimEnd().split('\n').map((line) => JSON.parse(line))
  assert.deepEqual(
    told.map(({ operation, actor }) => [operation, actor]),
    [['begun', null], ['issued', 'ada'], ['recovered', null], ['tenant_kek_made', 'ada']],
  )
  const full = await KeyStore.open(keysAt.location, keyring, { feed: null, events: '/dev/full' })
  assert.equal(await code(() => full.newTenant('other')), 'sink_failed')
  await full.close()
  await at.drop()
  await keysAt.drop()
})

test('a link grants something, and the rest of what comes in is as strict', async () => {
  const { store: links, keyring, location } = await store()
  const issuer = new Issuer(keyring)
  for (const issue of [(names) => issuer.issueLink('t', 'c', names), (names) => links.issue('t', 'c', names)]) {
    assert.equal(await code(async () => issue([])), 'nothing_granted')
    await assert.rejects(async () => issue(new String('files:read')), { name: 'TypeError', message: /^permissions: / })
    assert.ok((await issue(new Set(['files:read']))).token)
  }
  // The least that is not never: a millisecond.
  const follows = async (follow, turns) => {
    const other = await Store.open(location, keyring, { follow })
    const { id } = await links.issue('t', 'c', ['files:read'])
    const stamp = await links.revokeLink('t', id)
    await until(() => other.isAtLeast(stamp), turns)
    const knows = other.isAtLeast(stamp)
    await other.close()
    return knows
  }
  assert.deepEqual([await follows(0.0004), await follows(0, 100)], [true, false])
})

test('an error has a name that can be written, as others do who wrap it', async () => {
  const error = await malformed().catch((error) => error)
  assert.deepEqual([error.name, Object.keys(error).includes('name'), String(error).startsWith('InvalidValue: ')], ['InvalidValue', false, true])
  error.name = 'Wrapped'
  assert.equal(error.name, 'Wrapped')
  assert.equal(new InvalidValue('x', 'y').name, 'InvalidValue')
  assert.deepEqual(Object.keys(error).sort(), ['code', 'name', 'public', 'tokenId'])
})

async function malformed() {
  return Deployment.fromJson(Buffer.from('{')).id
}

onEach('a signal rejects the promises of a store at once, and those of keys', async (database) => {
  const { store: links } = await store(database)
  const { keys, scope: records } = await scope('record:clients', database)
  const enough = new Error('enough')
  const controller = new AbortController()
  const { signal } = controller
  const [asked, locked, sealed] = [links.withSignal(signal), keys.withSignal(signal), records.withSignal(signal)]
  const { token } = await asked.actingAs('ada').issue('studio-7', '42', ['files:read'])
  await locked.newTenant('studio-8')
  const of = { name: 'a.b', id: '1' }
  const object = await sealed.seal(Buffer.from('x'), of)
  assert.equal((await locked.scope('studio-7', 'record:clients').open(object, of)).toString(), 'x')
  assert.equal(getEventListeners(signal, 'abort').length, 0)

  // What was begun goes on, and nobody hears of it here.
  const begun = asked.issue('studio-7', '43', ['files:read'])
  assert.equal(getEventListeners(signal, 'abort').length, 1)
  controller.abort(enough)
  await assert.rejects(begun, enough)
  const done = async () => (await links.list('studio-7', { client: '43' })).links.length
  await until(done)
  assert.equal(await done(), 1)

  for (const call of [
    () => asked.issue('studio-7', '44', ['files:read']),
    () => asked.actingAs('ada').revokeEverything(),
    () => locked.newTenant('studio-9'),
    () => sealed.open(object, of),
    () => locked.scope('studio-7', 'record:clients').open(object, of),
    () => sealed.sealFile('/dev/zero', '/nowhere/at/all', of),
  ]) {
    await assert.rejects(call(), enough)
  }
  assert.equal((await links.list('studio-7', { client: '44' })).links.length, 0)
  assert.equal(links.verifyLink(token).client, '42')
  assert.equal(asked.verifyLink(token).client, '42')
  assert.equal((await records.open(object, of)).toString(), 'x')
  const renewing = new Portal('https://a.example').read({ method: 'POST', path: '/portal/renew', headers: ['Authorization', 'Bearer pws_'] })
  await assert.rejects(renewing.run(asked), enough)
  assert.equal((await renewing.run(links)).status, 400)
  assert.throws(() => links.withSignal({}), { name: 'TypeError', message: /^signal: / })
})

test('one listener is enough for all who wait for a signal', async () => {
  const { store: links } = await store()
  const { signal } = new AbortController()
  const warnings = []
  const warned = (warning) => warnings.push(warning.name)
  process.on('warning', warned)
  after(() => process.off('warning', warned))
  const all = Array.from({ length: 20 }, () => links.withSignal(signal).list('studio-7'))
  assert.equal(getEventListeners(signal, 'abort').length, 1)
  await Promise.all(all)
  assert.equal(getEventListeners(signal, 'abort').length, 0)
  // Whoever asks Node itself twenty times is warned.
  for (let time = 0; time < 20; time++) signal.addEventListener('abort', () => time)
  await sleep(10)
  assert.deepEqual(warnings, ['MaxListenersExceededWarning'])
})

test('a link in JSON says what it grants, and has no token', async () => {
  const { store: links } = await store()
  const link = await links.issue('studio-7', '42', ['files:read'])
  await links.edit('studio-7', link.id, { resources: ['7'] })
  const [listed] = JSON.parse(JSON.stringify(await links.list('studio-7'))).links
  assert.deepEqual([listed.permissions, listed.permissionsCeiling, listed.resources, listed.id], [['files:read'], ['files:read'], ['7'], link.id])
  assert.deepEqual(Object.keys(listed).sort(), Object.keys(link).sort())
  assert.equal(JSON.parse(JSON.stringify(link)).token, undefined)
  assert.ok(link.token)
})

test('what does not suffice says whose it was, and what is no resource is a mistake', async () => {
  const { store: links } = await store()
  const { token, id } = await links.issue('studio-7', '42', ['files:read'])
  const access = links.verifyLink(token)
  assert.throws(() => access.require('messages:send'), { name: 'Refused', code: 'permission_denied', tokenId: id })
  assert.deepEqual([access.allows('messages:send'), access.allows('files:read', '7'), access.allows('files:raed')], [false, true, false])
  assert.throws(() => access.allows('files:read', 'no identifier'), { name: 'InvalidValue', code: 'identifier_character' })
})

test('a copy is revoked by its own id, not by that of its link', async () => {
  const { store: links } = await store()
  const { token, id } = await links.issue('studio-7', '42', ['files:read'])
  const copy = new UntrustedLink(token).narrow({ recipient: 'x' })
  await assert.rejects(links.revokeCopy('studio-7', id, id), { name: 'InvalidValue', code: 'not_a_copy' })
  await links.revokeCopy('studio-7', id, links.verifyLink(copy).copies[0])
  assert.throws(() => links.verifyLink(copy), { code: 'copy_revoked' })
  assert.equal(links.verifyLink(token).client, '42')
})

test('an error of a database says what is the matter', { timeout: 300_000 }, async () => {
  const { path, keyring } = await store()
  const open = (location) => Store.open(location, keyring, { create: true })
  const messages = []
  for (const location of [`sqlite:${join(path, 'nowhere', 'links.db')}`, 'postgres://ada@nowhere.invalid/links?sslmode=verify-full', 'postgres://ada@127.0.0.1/links?sslmode=fully']) {
    await assert.rejects(open(location), (error) => Boolean(messages.push(error.message)) && error instanceof PortwardError)
    await assert.rejects(KeyStore.open(location, keyring, { feed: null, create: true }), (error) => error.message === messages.at(-1))
  }
  for (const [place, told] of [/no such file or folder/, /lookup address/, /its URL/].entries()) assert.match(messages[place], told)
  // And one that is well says nothing.
  await (await open(`sqlite:${join(path, 'other.db')}`)).close()
})
