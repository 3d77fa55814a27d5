// Compiles, and where an error is expected there is one.

import { open } from 'node:fs/promises'
import type { Transform } from 'node:stream'
import { KMSClient } from '@aws-sdk/client-kms'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { pgTable, text } from 'drizzle-orm/pg-core'
import { sqliteTable } from 'drizzle-orm/sqlite-core'
import { Access, Follower, Issuer, type KekProvider, Keyring, KeyStore, type IssuedLink, type Link, Portal, PortwardError, type PublicAnswer, type Range, type RangeSource, Store, UntrustedLink, Verifier } from 'portward'
import { AwsKms } from 'portward/aws-kms'
import { portward as forExpress } from 'portward/express'
import { frameworkErrors, portward as forFastify } from 'portward/fastify'
import { portward as forWeb } from 'portward/web'
import { Field, indexed, indexedBlob, sealed, sealedBlob } from 'portward/drizzle'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(equal: Equal<A, B>) => equal

const keyring = Keyring.generate()
const verifier = Verifier.withoutRevocation(keyring, { audience: 'app', skew: 60 })
const access = verifier.verifyLink('pwl_', { at: new Date() })
same<typeof access, Access>(true)
same<Access['permissions'], ReadonlySet<string>>(true)
same<Access['resources'], ReadonlySet<string> | null>(true)
same<Access['kind'], 'link' | 'session'>(true)
same<PortwardError['public'], PublicAnswer>(true)

await using store = await Store.open('sqlite:x', keyring, { create: true, follow: 0.5 })
const link: IssuedLink = await store.issue('t', 'c', new Set(['files:read']), { usesMax: 3 })
const listed: Link | undefined = (await store.list('t')).links[0]
verifier.verifyLink(link.token)
// @ts-expect-error only of a link that was just made
verifier.verifyLink(listed?.token)
same<Awaited<ReturnType<Store['revokeLink']>>, string>(true)
await store.edit('t', link.id, { label: null, resources: null, usesMax: null })
await store.withSignal(AbortSignal.timeout(1000)).revokeLink('t', link.id)
await using keys = await KeyStore.open('sqlite:x', keyring, { feed: store })
const scope = keys.scope('t', 'file:contents')
const object: Buffer = await scope.seal(new Uint8Array(1), { name: 'a', id: '1', more: { 'x-a': '1' } })
const stream: Transform = scope.openStream({ name: 'a', id: '1', signal: AbortSignal.timeout(1), progress: (bytes: number) => bytes })
const range: Range = await scope.openRange(await open('file'), { name: 'a', id: '1' })
const elsewhere: RangeSource = { stat: async () => ({ size: 1 }), read: async (buffer, offset, length, position) => ({ bytesRead: buffer.length + offset + length + position }) }
await scope.openRange(elsewhere, { name: 'a', id: '1' })
// @ts-expect-error it has no size
await scope.openRange({ read: elsewhere.read }, { name: 'a', id: '1' })
const edge: Follower = Follower.ofLists(keyring, { tenants: ['t'], highest: store.stamp ?? undefined })
const stamp: string = await edge.accept(object, { at: new Date() })
const copy: string = new UntrustedLink('pwl_').narrow({ expiresAt: 7, seal: true })

const token: KekProvider = { resolves: ({ kind, id }) => kind === 'pkcs11' && id.length > 0, unwrap: async ({ wrapped }, signal) => (signal?.throwIfAborted(), wrapped) }
for (const kek of [token, new AwsKms(new KMSClient({}), 'key-1'), new AwsKms(new KMSClient({}), new Set(['key-1']))]) await Keyring.open('keys', { kek })
// @ts-expect-error a promise is no answer
await Keyring.open('keys', { kek: { ...token, resolves: async () => true } })

// @ts-expect-error an option that there is not
new Issuer(keyring).issueLink('t', 'c', [], { ttl: 1 })
// @ts-expect-error a text is one permission, and not several
await store.issue('t', 'c', 'files:read')
// @ts-expect-error a page has no text of this name
new Portal('https://portal.example', { page: { heading: 'x' } })
// @ts-expect-error no answer to the public
new Portal('https://portal.example', { page: { title: 'x' } }).refuse({ method: 'GET', path: '/', headers: [] }, 'link_revoked')

// @ts-expect-error no constructor for callers
new Access()
// @ts-expect-error nor this one
new Keyring()
// @ts-expect-error feed has to be told
KeyStore.open('sqlite:x', keyring, {})
// @ts-expect-error null is no option that was left away
new Issuer(keyring).issueLink('t', 'c', [], { audience: null })
// @ts-expect-error what is sealed has to be told
scope.open(object, { name: 'a' })
// @ts-expect-error a promise is no link
store.issue('t', 'c', []).token
// @ts-expect-error read only
access.tenant = 'x'
// @ts-expect-error a set that nobody can write
access.permissions.add('files:read')
// @ts-expect-error a store or links are needed to be told what they are
forExpress({ store })

const portal = new Portal('https://portal.example', { page: { title: 'Files' } })
const web = forWeb({ portal, store, log: ({ code }) => code.length })
const GET: (request: Request, context: { params: Promise<{ id: string }> }) => Response | Promise<Response> = web.requires(
  'files:read',
  (request, access, context: { params: Promise<{ id: string }> }) => Response.json({ tenant: access.tenant, url: request.url, context }),
)
new Hono().use(web.hono)
const connect = forExpress({ portal, store })
express()
  .use(connect.routes)
  .use(connect.errors)
  .get('/files/:id', connect.requires('files:read', (request: express.Request<{ id: string }>) => request.params.id), (request, response) => {
    response.json({ tenant: connect.access(request).tenant })
  })
const app = fastify({ frameworkErrors: frameworkErrors({ portal, store }) })
await app.register(forFastify, { portal, store })
app.setErrorHandler(app.refusals)
app.get<{ Params: { id: string } }>('/files/:id', { onRequest: app.requires('files:read') }, async (request) => request.access.tenant)

const index = await scope.blindIndex({ table: 'clients', column: 'email', bits: 16 })
const clients = pgTable('clients', { id: text('id'), email: sealed('email').notNull(), emailIndex: indexed(() => index)('email_index') })
const row = {} as typeof clients.$inferSelect
const field = new Field('clients.email', { index: () => index })
const email: string = await field.open(scope, '1', row.email)
const value = await field.seal(scope, '1', email)
const right: typeof clients.$inferInsert = value.columns(clients, 'email', 'emailIndex')
// @ts-expect-error Drizzle would ignore a name that it does not know, and keep the old index
value.columns(clients, 'email', 'mailIndex')
// @ts-expect-error each has a column of its own
value.columns(clients, 'emailIndex', 'email')
// @ts-expect-error nor is a text an index
value.columns(clients, 'email', 'id')
// @ts-expect-error Drizzle would write an array as text
sealed('emails').notNull().array()
const blobs = sqliteTable('clients', { email: sealedBlob('email'), emailIndex: indexedBlob(() => index)() })
const rightOfSqlite: typeof blobs.$inferInsert = value.columns(blobs, 'email', 'emailIndex')
// @ts-expect-error a text would lie there in the clear
const wrong: typeof clients.$inferInsert = { email: 'ada@example.com' }

export { GET, copy, email, range, right, rightOfSqlite, stamp, stream, wrong }
