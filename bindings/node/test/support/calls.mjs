// A valid call of everything that the package has, with every argument and every option: a test puts something else in the place of one.

import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { sqliteTable } from 'drizzle-orm/sqlite-core'
import fastify from 'fastify'
import * as portward from 'portward'
import { AwsKms } from 'portward/aws-kms'
import * as drizzle from 'portward/drizzle'
import * as forExpress from 'portward/express'
import * as forFastify from 'portward/fastify'
import * as forWeb from 'portward/web'

const { Deployment, Follower, Issuer, Keyring, KeyStore, Portal, Refused, Store, UntrustedLink, Verifier } = portward

/** `[name, call, values, object]`: the name is the declaration's, `values` makes them anew for each call, `object` is whose method it is, if it is one.
 * What takes something away comes last. */
export async function calls(folder) {
  let made = 0
  const fresh = () => join(folder, `made-${made++}`)
  const passphrase = Buffer.from('correct horse')
  const keyring = await Keyring.create(join(folder, 'keys'), { passphrase })
  const { deployment } = keyring
  const vocabulary = deployment.permissions
  const sealedKeyring = await keyring.seal(passphrase)
  const store = await Store.open(`sqlite:${folder}/portal.db`, keyring, { create: true, follow: 0 })
  const ended = await Store.open(`sqlite:${folder}/ended.db`, keyring, { create: true, follow: 0 })
  const newer = await ended.saveView()
  await ended.close()
  const keys = await KeyStore.open(`sqlite:${folder}/keys.db`, keyring, { feed: store, create: true })
  for (const tenant of ['t', 'gone']) await keys.newTenant(tenant)
  const link = await store.issue('t', 'c', ['files:read'])
  const lasting = await store.issue('t', 'd', ['files:read'], { lifetime: 86400 })
  const { token } = link
  const { nonce, cookie, expiresAt } = store.peek(token)
  const session = await store.redeem(token, cookie, nonce)
  const access = store.verifyLink(token)
  const [issuer, verifier, follower] = [new Issuer(keyring), Verifier.withoutRevocation(keyring), new Follower(keyring)]
  await follower.accept(await store.answer(await follower.request()))
  const portal = new Portal('https://portal.example')
  const headers = ['Content-Type', 'application/x-www-form-urlencoded', 'Authorization', `Bearer ${session.token}`]
  const request = { method: 'GET', path: '/files', headers, body: Buffer.alloc(0) }
  const peeking = portal.read({ ...request, method: 'POST', path: '/portal/peek', body: Buffer.from(`token=${token}`) })
  const renewing = portal.read({ ...request, method: 'POST', path: '/portal/renew' })
  const [notes, gone] = [keys.scope('t', 'record:notes'), keys.scope('gone', 'record:notes')]
  const of = { name: 'notes.text', id: '1', more: { 'x-a': '1' } }
  const key = gone.keyOf(await gone.seal(Buffer.from('x'), of))
  await gone.rotate()
  const object = await notes.seal(Buffer.from('text'), of)
  await writeFile(join(folder, 'plain'), 'text')
  await writeFile(join(folder, 'sealed'), object)
  const range = await notes.openRange(join(folder, 'sealed'), of)
  const index = { table: 'clients', column: 'email', bits: 8, name: 'eq', normaliser: 'exact', version: 1 }
  const indexes = keys.scope('t', 'index:clients')
  const blind = await indexes.blindIndex(index)
  const now = Math.floor(Date.now() / 1000)
  const { signal } = new AbortController()
  const progress = () => {}
  const streamed = { ...of, progress, signal }
  const filed = { ...streamed, replace: true, threads: 2 }
  const links = { peek: progress, redeem: progress, renew: progress }
  const gate = { portal, store, links, sessions: store, log: progress, clock: () => now }
  const express = forExpress.portward(gate)
  const web = forWeb.portward(gate)
  const app = fastify()
  await app.register(forFastify.portward, gate)
  const guarded = Object.assign(new IncomingMessage(null), { method: 'GET', url: '/files', rawHeaders: headers })
  express.session(guarded, { writeHead: progress }, progress)
  const asked = new Request('https://portal.example/files', { headers: { Authorization: `Bearer ${session.token}` } })
  const field = new drizzle.Field('clients.email', { index: () => blind })
  const clients = sqliteTable('clients', { email: drizzle.sealedBlob('email'), emailIndex: drizzle.indexedBlob(() => blind)('email_index') })
  const value = await field.seal(notes, '1', 'ada@example.com')

  const on = (object, name) => [`${object.constructor.name}#${name}`, (...values) => object[name](...values)]
  const method = (object, name, ...values) => [...on(object, name), () => values, object]
  const anew = (object, name, values) => [...on(object, name), values, object]
  const create = (type, ...values) => [`new ${type.name}`, (...values) => new type(...values), () => values]
  const fixed = (type, name, ...values) => [`${type.name}.${name}`, (...values) => type[name](...values), () => values]
  const plain = (name, call, ...values) => [name, call, () => values]
  const through = (name, source, options) => anew(notes, name, () => [join(folder, source), fresh(), options])
  const t = ['t', link.id]

  return [
    fixed(Deployment, 'generate', vocabulary),
    fixed(Deployment, 'fromJson', deployment.toJson()),
    method(deployment, 'toJson'),
    method(deployment, 'expand', ['files:*']),
    fixed(Keyring, 'generate', deployment),
    [...fixed(Keyring, 'create').slice(0, 2), () => [fresh(), { permissions: vocabulary, passphrase, events: fresh() }]],
    fixed(Keyring, 'open', join(folder, 'keys'), { passphrase, kek: new AwsKms({ send: progress }, 'key-1'), signal }),
    fixed(Keyring, 'fromJson', keyring.exportInClear(), deployment),
    fixed(Keyring, 'unseal', sealedKeyring, passphrase, deployment),
    method(keyring, 'seal', passphrase),
    method(keyring, 'exportInClear'),
    fixed(Verifier, 'withoutRevocation', keyring, { audience: 'edge', skew: 60 }),
    method(verifier, 'verifyLink', token, { at: now }),
    method(verifier, 'verifySession', session.token, { at: now }),
    create(Issuer, keyring),
    method(issuer, 'issueLink', 't', 'c', ['files:read'], { audience: 'edge', lifetime: 60 }),
    method(issuer, 'issueSession', verifier.verifyLink(token), { lifetime: 60 }),
    method(access, 'require', 'files:read', 'file-1'),
    method(access, 'allows', 'files:read', 'file-1'),
    method(access, 'toJSON'),
    create(UntrustedLink, token),
    method(new UntrustedLink(token), 'permissions', vocabulary),
    method(new UntrustedLink(token), 'narrow', {
      expiresAt: now + 3000, permissions: ['files:read'], resources: ['file-1'], audience: 'edge', recipient: 'accountant', seal: true, vocabulary,
    }),
    [...fixed(Store, 'open').slice(0, 2), () => [
      `sqlite:${fresh()}`, keyring, { create: true, audience: 'edge', skew: 60, maxStaleness: 30, follow: 0.5, events: fresh() },
    ]],
    [...fixed(Store, 'recover').slice(0, 2), () => [`sqlite:${folder}/ended.db`, keyring, { newer, events: fresh() }]],
    method(store, 'actingAs', 'paul'),
    method(store, 'withSignal', signal),
    method(store, 'isAtLeast', store.stamp),
    method(store, 'refresh'),
    method(store, 'verifyLink', token),
    method(store, 'verifySession', session.token),
    method(store, 'issue', 't', 'c', ['files:read'], { audience: 'edge', lifetime: 6000, label: 'Ada', usesMax: 3, expiresAt: now + 3000 }),
    method(store, 'show', ...t),
    method(store, 'link', ...t),
    method(store, 'list', 't', {
      client: 'c', state: 'active', expiresBefore: now, labelContains: 'a', limit: 10, after: (await store.list('t', { limit: 1 })).next,
    }),
    method(store, 'edit', 't', lasting.id, { label: 'Bob', expiresAt: now + 3000, permissions: ['files:read'], resources: ['file-1'], usesMax: 3 }),
    method(store, 'history', ...t, { before: 5, limit: 10 }),
    method(store, 'peek', token, cookie),
    method(store, 'redeem', token, cookie, nonce),
    method(store, 'renew', session.token),
    anew(store, 'answer', async () => [await follower.request()]),
    method(store, 'publish', { thisUpdate: now, nextUpdate: now + 60, tenants: ['t'] }),
    method(store, 'saveView'),
    create(Follower, keyring, { tenants: ['t'], highest: store.stamp, maxStaleness: 30, audience: 'edge', skew: 60 }),
    method(follower, 'request'),
    fixed(Follower, 'ofLists', keyring, { tenants: ['t'], highest: store.stamp, audience: 'edge', skew: 60 }),
    anew(follower, 'accept', async () => [await store.answer(await follower.request()), { at: now }]),
    method(follower, 'verifyLink', token, { at: now }),
    method(follower, 'verifySession', session.token, { at: now }),
    create(Portal, 'https://portal.example', { path: '/portal', page: { title: 'Files' } }),
    method(portal, 'linkUrl', token, { fragment: true }),
    method(portal, 'read', request),
    method(portal, 'session', request),
    method(portal, 'refuse', request, 'refused'),
    method(peeking, 'peeked', { nonce, cookie, expiresAt }),
    method(renewing, 'granted', { token: session.token, expiresAt: session.expiresAt }, { at: now }),
    method(renewing, 'refused', 'damaged'),
    method(renewing, 'run', store),
    [...fixed(KeyStore, 'open').slice(0, 2), () => [`sqlite:${fresh()}`, keyring, { feed: store, create: true, events: fresh() }]],
    method(keys, 'actingAs', 'paul'),
    method(keys, 'withSignal', signal),
    anew(keys, 'newTenant', () => [randomBytes(8).toString('hex')]),
    method(keys, 'rotateTenant', 't'),
    method(keys, 'rewrap'),
    method(keys, 'scope', 't', 'record:notes'),
    method(notes, 'withSignal', signal),
    method(notes, 'seal', Buffer.from('text'), { ...of, embedded: true }),
    method(notes, 'sealSync', Buffer.from('text'), { ...of, embedded: true }),
    method(notes, 'open', object, of),
    method(notes, 'openSync', object, of),
    method(notes, 'sealStream', { ...streamed, embedded: true }),
    method(notes, 'openStream', streamed),
    method(notes, 'sealWebStream', { ...streamed, embedded: true }),
    method(notes, 'openWebStream', streamed),
    through('sealFile', 'plain', { ...filed, embedded: true }),
    through('openFile', 'sealed', filed),
    method(notes, 'openRange', object, of),
    method(notes, 'rotate'),
    method(notes, 'keyOf', object),
    method(range, 'read', 0, 4),
    method(indexes, 'blindIndex', index),
    method(blind, 'of', 'ada@example.com'),
    plain('indexBits', portward.indexBits, { rows: 100_000, distinct: 90_000, otherBits: 0, evenIfFew: true }),
    ...[portward.PortwardError, portward.InputError, Refused, portward.Unreadable, portward.InvalidValue, portward.Unavailable].map((type) => create(type, 'text', 'code', 'refused', null)),

    create(AwsKms, { send: progress }, ['key-1']),

    plain('portward/express portward', forExpress.portward, gate),
    plain('ExpressPortal#requires', express.requires, 'files:read', () => 'file-1'),
    plain('ExpressPortal#access', express.access, guarded),
    plain('portward/fastify portward', async (to, options) => forFastify.portward(to === app ? fastify() : to, options), app, gate),
    plain('portward/fastify frameworkErrors', forFastify.frameworkErrors, gate),
    plain('FastifyInstance#requires', (...values) => app.requires(...values), 'files:read', () => 'file-1'),
    plain('FastifyInstance#session', () => app.session()),
    plain('portward/web portward', forWeb.portward, gate),
    plain('WebPortal#answer', web.answer, asked),
    plain('WebPortal#access', web.access, asked, 'files:read', 'file-1'),
    plain('WebPortal#requires', web.requires, 'files:read', () => new Response(), () => 'file-1'),
    create(drizzle.Sealed, object),
    method(value, 'toJSON'),
    method(value, 'columns', clients, 'email', 'emailIndex'),
    method(value.columns(clients, 'email', 'emailIndex').emailIndex, 'toJSON'),
    create(drizzle.Field, 'clients.email', { index: () => blind }),
    method(field, 'seal', notes, '1', 'ada@example.com'),
    method(field, 'open', notes, '1', value),
    plain('portward/drizzle indexed', drizzle.indexed, () => blind),
    plain('portward/drizzle indexedBlob', drizzle.indexedBlob, () => blind),

    method(store, 'pause', ...t),
    method(store, 'restore', ...t),
    method(store, 'revokeSession', ...t, session.id),
    method(store, 'revokeCopy', ...t, randomBytes(16).toString('hex')),
    method(store, 'revokeClient', 't', 'nobody'),
    method(store, 'revokeTenant', 'nobody'),
    method(store, 'compact', { kept: 86400 }),
    method(gone, 'destroyKey', key, { backupsKept: 60 }),
    method(gone, 'destroy', { backupsKept: 60 }),
    method(gone, 'begin'),
    method(keys, 'destroyTenant', 'gone', { backupsKept: 60 }),
    method(store, 'revokeLink', ...t),
    method(store, 'revokeEverything'),
    ...[range, keys, store].flatMap((one) => [method(one, 'close'), [`${one.constructor.name}#[Symbol.asyncDispose]`, () => one[Symbol.asyncDispose](), () => []]]),
  ]
}
