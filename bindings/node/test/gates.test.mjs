// The guards of the ready parts, with a real store: who gets what, and what the operator hears.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import express from 'express'
import fastify from 'fastify'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { Follower, InvalidValue, Issuer, Portal, UntrustedLink, Unavailable } from 'portward'
import { portward as forExpress } from 'portward/express'
import { portward as forFastify } from 'portward/fastify'
import { portward as forWeb } from 'portward/web'
import { onEach } from './support/databases.mjs'
import { store, until } from './support/fixtures.mjs'
import { server } from './support/raw.mjs'
import { fastifyWith, SERVERS } from './support/servers.mjs'

const portal = new Portal('https://portal.example')
const nobody = () => assert.fail('nobody asks')

// A cache gives what one client was answered to nobody else.
test('what lies behind a guard is kept apart', async () => {
  const { store: links, keyring } = await store()
  const { state, send, close } = await server()
  after(close)
  const session = new Issuer(keyring).issueSession(links.verifyLink((await links.issue('studio-7', '42', ['files:read'])).token)).token
  const headers = [['Authorization', `Bearer ${session}`]]
  for (const [name, serve] of Object.entries(SERVERS)) {
    if (name === 'Hono') continue // there the handler itself says it
    state.handler = await serve({ portal, store: links })
    const answer = await send({ method: 'GET', target: '/files/7', headers, body: '' })
    const said = (header) => answer.headers.filter(([held]) => held.toLowerCase() === header).map(([, value]) => value)
    assert.deepEqual([answer.status, said('cache-control'), said('vary')], [200, ['private'], ['Cookie, Authorization']], name)
    const refused = await send({ method: 'GET', target: '/files/7', headers: [], body: '' })
    assert.equal(refused.status, 403)
  }
  const gate = forExpress({ portal, store: links })
  const ofExpress = (answer) => express().get('/files', gate.session, (_, response) => answer(response))
  const ofFastify = (answer) => fastifyWith({ portal, store: links }, (app) => app.get('/files', { onRequest: app.session() }, async (_, reply) => answer(reply)))
  for (const [said, kept] of [['max-age=60', 'max-age=60, private'], ['public, max-age=60', 'public, max-age=60'], ['Public,max-age=0', 'max-age=0, private'], ['no-store', 'no-store']]) {
    const told = { 'Cache-Control': said, Vary: 'Accept', 'X-Number': 7, 'X-List': ['a', 'b'] }
    const raw = (reply) => reply.hijack().raw
    const ways = {
      'set': ofExpress((response) => response.set({ ...told, 'X-Number': '7' }).end('x')),
      'writeHead with an object': ofExpress((response) => response.set('Vary', 'Origin').writeHead(200, told).end('x')),
      'writeHead with a reason': ofExpress((response) => response.writeHead(200, 'Fine', told).end('x')),
      'writeHead with a list': ofExpress((response) => response.set('Vary', 'Origin').writeHead(200, [...Object.entries(told).flat(1), 'x-list', 'c']).end('x')),
      'writeHead with pairs': ofExpress((response) => response.writeHead(200, [...Object.entries(told), ['x-list', 'c']]).end('x')),
      'Fastify': await ofFastify((reply) => reply.headers(told).send('x')),
      'Fastify with a stream': await ofFastify((reply) => reply.headers(told).send(Readable.from(['x']))),
      'Fastify by hand': await ofFastify((reply) => void raw(reply).writeHead(200, told).end('x')),
    }
    for (const [way, handler] of Object.entries(ways)) {
      state.handler = handler
      const { status, headers: lines } = await send({ method: 'GET', target: '/files', headers, body: '' })
      const of = (header) => lines.filter(([held]) => held === header).flatMap(([, value]) => value.split(', '))
      assert.deepEqual([status, of('cache-control').join(', '), of('vary')], [200, kept, ['Accept', 'Cookie', 'Authorization']], way)
      assert.deepEqual([of('x-number'), of('x-list')], [['7'], /list|pairs/.test(way) ? ['a', 'b', 'c'] : ['a', 'b']], way)
    }
  }
})

// What a framework says of files by itself is not what the application says.
test('files behind a guard are kept apart, unless the application says itself who may keep them', async () => {
  const { store: links, keyring } = await store()
  const { state, send, close } = await server()
  after(close)
  const session = new Issuer(keyring).issueSession(links.verifyLink((await links.issue('studio-7', '42', ['files:read'])).token)).token
  const gate = forExpress({ portal, store: links })
  const [folder, name] = [fileURLToPath(new URL('.', import.meta.url)), 'gates.test.mjs']
  const set = (response) => response.set('Cache-Control', 'public, max-age=5')
  const sent = (options) => express().get(`/${name}`, gate.session, (_, response) => response.sendFile(name, { root: folder, ...options }))
  const ways = [
    [sent(), 'max-age=0, private'],
    [express().use(gate.session, express.static(folder)), 'max-age=0, private'],
    [sent({ cacheControl: false }), 'private'],
    [sent({ maxAge: 5000 }), 'public, max-age=5'],
    [express().use(gate.session, express.static(folder, { setHeaders: set })), 'public, max-age=5'],
  ]
  for (const [handler, kept] of ways) {
    state.handler = handler
    const { status, headers } = await send({ method: 'GET', target: `/${name}`, headers: [['Authorization', `Bearer ${session}`]], body: '' })
    const of = (header) => headers.filter(([held]) => held.toLowerCase() === header).map(([, value]) => value)
    assert.deepEqual([status, of('cache-control'), of('vary')], [200, [kept], ['Cookie, Authorization']])
  }
})

test('the token of a body stays in no memory that others share', async () => {
  const { store: links } = await store()
  const issued = async () => (await links.issue('studio-7', '42', ['files:read'])).token
  const question = (token) => ({ method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: new TextEncoder().encode(`token=${token}`) })
  const pool = () => Buffer.from(Buffer.from('x').buffer).toString('latin1')
  const web = forWeb({ portal, store: links })
  const listening = express().use(forExpress({ portal, store: links }).routes).listen(0, '127.0.0.1')
  after(() => listening.close())
  await once(listening, 'listening')
  const asks = [
    (token) => web.answer(new Request('https://portal.example/portal/peek', question(token))),
    (token) => fetch(`http://127.0.0.1:${listening.address().port}/portal/peek`, question(token)),
  ]
  for (const ask of asks) {
    const token = await issued()
    const answer = await ask(token)
    assert.equal(answer.status, 200)
    assert.ok(!pool().includes(token))
    Buffer.from(token)
    assert.ok(pool().includes(token), 'it would be seen')
  }
})

test('a body that comes as text is a mistake of the application, and no damaged link', async () => {
  const { store: links } = await store()
  const { token } = await links.issue('studio-7', '42', ['files:read'])
  const { state, send, close } = await server()
  after(close)
  const gate = forExpress({ portal, store: links })
  const request = { method: 'POST', target: '/portal/peek', headers: [['Content-Type', 'application/x-www-form-urlencoded']], body: `token=${token}` }
  const told = (prepare) => {
    state.handler = express().use(prepare).use(gate.routes).use((error, _, response, next) => response.status(500).end(error.message))
    return send(request)
  }
  assert.equal((await told((_, __, next) => next())).status, 200)
  const { status, body } = await told((request, _, next) => next(void request.setEncoding('utf8')))
  assert.deepEqual([status, body.split(':')[0]], [500, 'body'])
})

test('Fastify refuses to say what a request may do that no guard has seen', async () => {
  const { store: links } = await store()
  const { state, send, close } = await server()
  after(close)
  state.handler = await fastifyWith({ portal, store: links }, (app) => {
    app.setErrorHandler((error, _, reply) => reply.code(403).send({ code: error.code }))
    app.get('/files', async ({ access }) => ({ tenant: access.tenant }))
  })
  const { status, body } = await send({ method: 'GET', target: '/files', headers: [], body: '' })
  assert.deepEqual([status, JSON.parse(body)], [403, { code: 'session_missing' }])
})

for (const [name, serve] of Object.entries(SERVERS)) {
  onEach(`${name}: sessions, permissions and resources`, async (database) => {
    const { store: links, keyring } = await store(database)
    const { state, send, close } = await server()
    after(close)
    const refusals = []
    state.handler = await serve({ portal, store: links, log: ({ code, status }) => refusals.push(`${status} ${code}`) })

    const issuer = new Issuer(keyring)
    const sessionOf = (link) => issuer.issueSession(links.verifyLink(link)).token
    const [reads, sends] = [(await links.issue('studio-7', '42', ['files:read'])), (await links.issue('studio-7', '42', ['messages:send'])).token]
    const only = sessionOf(new UntrustedLink(reads.token).narrow({ resources: ['8'] }))
    const session = sessionOf(reads.token)
    const get = async (token, id = '7') => {
      const headers = token ? [['Authorization', `Bearer ${token}`]] : []
      const { status, body } = await send({ method: 'GET', target: `/files/${id}`, headers, body: '' })
      return [status, JSON.parse(body)]
    }

    const [status, { tenant }] = await get(session)
    assert.deepEqual([status, tenant], [200, 'studio-7'])
    assert.equal((await get(only, '8'))[0], 200)
    const refused = [403, { error: 'refused' }]
    assert.deepEqual(await get(only, '7'), refused)
    assert.deepEqual(await get(sessionOf(sends)), refused)
    assert.deepEqual(await get(undefined), refused)
    // What is no identifier is no resource that anybody was granted.
    assert.deepEqual(await get(session, 'a%20b'), refused)
    assert.deepEqual(await get('pws_x'), [400, { error: 'damaged' }])
    await links.revokeLink('studio-7', reads.id)
    assert.deepEqual(await get(session), refused)
    assert.ok(refusals.includes('403 link_revoked') && refusals.includes('403 permission_denied'), refusals.join())
  })
}

for (const [name, serve] of Object.entries(SERVERS)) {
  onEach(`${name}: a browser comes with a link, stays, and leaves`, async (database) => {
    const { store: links } = await store(database)
    const { state, send, close } = await server()
    after(close)
    state.handler = await serve({ portal, store: links })
    const { id, token } = await links.issue('studio-7', '42', ['files:read'], { usesMax: 1 })

    const jar = new Map()
    const go = async (method, target, fields = {}) => {
      const cookie = [...jar].map(([cookie, value]) => `${cookie}=${value}`).join('; ')
      const form = [['Content-Type', 'application/x-www-form-urlencoded'], ['Origin', 'https://portal.example']]
      const headers = [...(cookie === '' ? [] : [['Cookie', cookie]]), ...(method === 'POST' ? form : [])]
      const answer = await send({ method, target, headers, body: new URLSearchParams(fields).toString() })
      for (const [header, value] of answer.headers) {
        const [, cookie, held] = (header === 'set-cookie' && value.match(/^__Host-([a-z-]+)=([^;]*)/)) || []
        if (held === '') jar.delete(`__Host-${cookie}`)
        else if (cookie !== undefined) jar.set(`__Host-${cookie}`, held)
      }
      return answer
    }
    const held = () => [...jar.keys()].map((cookie) => cookie.slice('__Host-portward-'.length)).sort()

    const came = await go('GET', `/portal/${token}`)
    assert.deepEqual([came.status, came.headers.find(([header]) => header === 'location')[1], held()], [303, '/portal', ['link']])
    const page = await go('GET', '/portal')
    assert.deepEqual([page.status, held()], [200, ['link', 'peek']])
    const [, nonce] = page.body.match(/name="nonce" value="([^"]+)"/)
    assert.equal((await go('GET', '/files/7')).status, 403, 'not yet')
    assert.equal((await links.link('studio-7', id)).uses, 0, 'who only looks spends nothing')

    const [link] = [...jar]
    assert.deepEqual([(await go('POST', '/portal/redeem', { nonce })).status, held()], [303, ['session']])
    assert.deepEqual([(await go('GET', '/files/7')).status, (await links.link('studio-7', id)).uses], [200, 1])
    const first = jar.get('__Host-portward-session')
    const renewed = await go('POST', '/portal/renew')
    assert.equal(renewed.status, 204)
    assert.ok(renewed.headers.some(([header, value]) => header === 'set-cookie' && value.startsWith('__Host-portward-session=pws_')))
    assert.equal((await go('GET', '/files/7')).status, 200)
    assert.deepEqual([(await go('POST', '/portal/leave')).status, held()], [204, []])
    assert.equal((await go('GET', '/files/7')).status, 403, 'gone')

    // Once was all.
    jar.set(...link)
    const [, again] = (await go('GET', '/portal')).body.match(/name="nonce" value="([^"]+)"/)
    assert.deepEqual([(await go('POST', '/portal/redeem', { nonce: again })).status, held()], [403, ['link', 'peek']])
    // And a session ends with its link.
    jar.clear()
    jar.set('__Host-portward-session', first)
    assert.equal((await go('GET', '/files/7')).status, 200)
    await links.revokeLink('studio-7', id)
    assert.deepEqual([(await go('POST', '/portal/renew')).status, (await go('GET', '/files/7')).status], [403, 403])
    assert.deepEqual((await links.history('studio-7', id)).map(({ kind }) => kind), ['revoked', 'redeemed', 'issued'])
  })
}

test('links that are asked elsewhere: what they throw is the answer, and mistakes of the application are not', async () => {
  const { store: links } = await store()
  const { token } = await links.issue('studio-7', '42', ['files:read'])
  const request = new Request('https://portal.example/portal', { headers: { cookie: `__Host-portward-link=${token}` } })
  const asking = (peek) => forWeb({ portal, sessions: links, links: { peek, redeem: peek, renew: peek } })
  assert.equal((await asking((link, cookie) => links.peek(link, cookie)).answer(request)).status, 200)
  const away = () => {
    throw new Unavailable('away', 'store_unavailable', 'unavailable')
  }
  assert.equal((await asking(away).answer(request)).status, 503)
  await assert.rejects(asking(() => assert.fail('a mistake')).answer(request), /a mistake/)
  assert.throws(() => forWeb({ portal }), { name: 'TypeError' })
  assert.throws(() => forWeb({ portal, store: links, logger: () => {} }), { name: 'TypeError' })
})

test('a permission that there is not is found when the guard is made', async () => {
  const { store: links, keyring } = await store()
  const app = fastify()
  await app.register(forFastify, { portal, store: links })
  const options = { portal, store: links }
  const edge = { portal, links, sessions: new Follower(keyring) }
  const without = { portal, links: { peek: nobody, redeem: nobody, renew: nobody }, sessions: new Follower(keyring) }
  for (const guard of [forExpress(options).requires, app.requires, forWeb(options).requires, forExpress(edge).requires]) {
    guard('files:read', () => '')
    for (const wrong of ['files:raed', 'files:*', '']) assert.throws(() => guard(wrong, () => ''), { name: 'InvalidValue', code: 'unknown_permission' })
  }
  assert.throws(() => forWeb(options).requires(7, () => ''), TypeError)
  forExpress(without).requires('files:raed') // nobody knows there
  // One that is none at all would let everybody in.
  const bare = fastify()
  await bare.register(forFastify, without)
  for (const guard of [forExpress(without).requires, bare.requires, forWeb(without).requires]) assert.throws(() => guard(undefined, () => ''), TypeError)
  // Nor does a resource say what for.
  const session = new Issuer(keyring).issueSession(links.verifyLink((await links.issue('studio-7', '42', ['files:read'])).token)).token
  const request = new Request('https://portal.example/files/7', { headers: { authorization: `Bearer ${session}` } })
  assert.throws(() => forWeb(options).access(request, undefined), { name: 'TypeError', message: /^permission: / })
  assert.throws(() => forWeb(options).access(request, undefined, '7'), { name: 'TypeError', message: /^permission: / })
  assert.equal(forWeb(options).access(request, 'files:read', '7').tenant, 'studio-7')
})

test('who parses bodies before the portal is told', async () => {
  const { store: links } = await store()
  const { state, send, close } = await server()
  after(close)
  const errors = []
  state.handler = express()
    .use(express.urlencoded())
    .use(forExpress({ portal, store: links }).routes)
    .use((error, request, response, next) => (errors.push(error.message), response.sendStatus(500), next))
  const headers = [['Content-Type', 'application/x-www-form-urlencoded'], ['Origin', 'https://portal.example']]
  assert.equal((await send({ method: 'POST', target: '/portal/redeem', headers, body: 'nonce=x' })).status, 500)
  assert.match(errors[0], /before body parsers/)
})

test('what is longer than a body of the portal is not read to its end', async () => {
  const { store: links } = await store()
  let pulled = 0
  const body = new ReadableStream({
    pull(controller) {
      pulled += 1
      controller.enqueue(new Uint8Array(1024))
    },
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://portal.example' }
  const post = (body) => new Request('https://portal.example/portal/redeem', { method: 'POST', headers, body, duplex: 'half' })
  const answer = await forWeb({ portal, store: links }).answer(post(body))
  assert.deepEqual([answer.status, pulled < 12], [413, true])
  // One that is not too long is read, and refused for what it says.
  assert.notEqual((await forWeb({ portal, store: links }).answer(post(`nonce=${'x'.repeat(4000)}`))).status, 413)
})

test('an answer after the application has given up ends no process, and what is twice in an address is no resource', async () => {
  const { store: links } = await store()
  const { state, send, close } = await server()
  after(close)
  const { token } = await links.issue('studio-7', '42', ['files:read'])
  const { cookie, nonce } = links.peek(token)
  const session = (await links.redeem(token, cookie, nonce)).token
  let renewed = 0
  const renew = async (session) => {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const token = await links.renew(session)
    renewed += 1
    return token
  }
  const gate = forExpress({ portal, sessions: links, links: { peek: nobody, redeem: nobody, renew } })
  const app = express()
  app.use((request, response, next) => {
    if (request.query.late) setTimeout(() => response.status(503).end('late'), 10)
    next()
  })
  app.use(gate.routes)
  app.get('/file', gate.requires('files:read', ({ query }) => query.id), (_, response) => response.end('yours'))
  const errors = []
  app.use((error, request, response, next) => (errors.push(error), response.end(), next))
  state.handler = app
  const headers = [['Authorization', `Bearer ${session}`]]
  const renewing = async (query) => (await send({ method: 'POST', target: `/portal/renew${query}`, headers, body: '' })).status
  assert.equal(await renewing(''), 200)
  assert.equal(await renewing('?late=1'), 503)
  await until(() => renewed === 2)
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.deepEqual([renewed, errors], [2, []])
  for (const [target, status] of [['/file?id=a', 200], ['/file?id=a&id=b', 403], ['/file?id=a%20b', 403], ['/file?id[x]=a', 403]]) {
    assert.equal((await send({ method: 'GET', target, headers, body: '' })).status, status, target)
  }
})

test('what a handler finds that is not granted is the one refusal, where the gate answers its errors', async () => {
  const { store: links, keyring } = await store()
  const { state, send, close } = await server()
  after(close)
  const { token } = await links.issue('studio-7', '42', ['files:read'])
  const { cookie, nonce } = links.peek(token)
  const session = await links.redeem(token, cookie, nonce)
  const headers = [['Authorization', `Bearer ${session.token}`]]
  const told = []
  const options = { portal, store: links, log: (refusal) => told.push(refusal) }
  const handlers = {
    '/denied': (access) => access.require('messages:send'),
    '/unknown': (access) => access.require('files:read', 'no identifier'),
    '/away': () => assert.fail(new Unavailable('away', 'store_unavailable', 'unavailable')),
    '/mistake': () => assert.fail('a mistake'),
    // Of a call of its own, and of whoever else has such a code.
    '/own': () => new Issuer(keyring).issueLink('no identifier', 'c', ['files:read']),
    '/same': () => assert.fail(new InvalidValue('the same', 'identifier_character')),
    '/read': () => 'yours',
  }
  const gate = forExpress(options)
  const ofExpress = express()
  const ofFastify = fastify()
  await ofFastify.register(forFastify, options)
  ofFastify.setErrorHandler(ofFastify.refusals)
  const web = forWeb(options)
  const ofWeb = new Hono()
  for (const [path, handler] of Object.entries(handlers)) {
    ofExpress.get(path, gate.session, (request, response) => response.end(handler(gate.access(request))))
    ofFastify.get(path, { onRequest: ofFastify.session() }, async ({ access }) => handler(access))
    const get = web.requires('files:read', (_, access) => new Response(handler(access)))
    ofWeb.get(path, (context) => get(context.req.raw))
  }
  const mistakes = []
  ofExpress.use(gate.errors).use((error, request, response, next) => (mistakes.push(error.code), response.sendStatus(500), next))
  ofWeb.onError((error, context) => (mistakes.push(error.code), context.text('', 500)))
  await ofFastify.ready()
  for (const [name, serve] of Object.entries({ Express: ofExpress, Fastify: ofFastify.routing, Hono: getRequestListener(ofWeb.fetch) })) {
    state.handler = serve
    told.length = 0
    const answers = []
    for (const target of Object.keys(handlers)) answers.push(await send({ method: 'GET', target, headers, body: '' }))
    assert.deepEqual(answers.map(({ status }) => status), [403, 403, 503, 500, 500, 500, 200], name)
    assert.deepEqual(answers.slice(0, 3).map(({ body }) => JSON.parse(body)), [{ error: 'refused' }, { error: 'refused' }, { error: 'unavailable' }], name)
    assert.deepEqual(told.map(({ code }) => code), ['permission_denied', 'identifier_character', 'store_unavailable'], name)
    assert.equal(told[0].tokenId, session.id, name)
  }
  const ofOne = ['ERR_ASSERTION', 'identifier_character', 'identifier_character']
  assert.deepEqual(mistakes, [...ofOne, ...ofOne])
})

/** A session of a fresh store, and the headers that it comes with. */
async function session() {
  const { store: links, keyring } = await store()
  const { token } = new Issuer(keyring).issueSession(links.verifyLink((await links.issue('studio-7', '42', ['files:read'])).token))
  return { links, token, headers: [['Authorization', `Bearer ${token}`]] }
}

for (const [name, serve] of Object.entries(SERVERS)) {
  test(`${name}: whatever the method, nobody passes without a session`, async () => {
    const { links, headers } = await session()
    const { state, send, close } = await server()
    after(close)
    state.handler = await serve({ portal, store: links })
    for (const method of ['HEAD', 'OPTIONS', 'GET', 'POST', 'DELETE']) {
      const { status, body } = await send({ method, target: '/files/7', headers: [], body: '' })
      // What has no route is answered by the framework, and nobody's data is in that.
      assert.ok(status >= 400 || method === 'OPTIONS', `${method} ${status}`)
      assert.doesNotMatch(body, /studio-7/, method)
    }
    const [head, get] = [await send({ method: 'HEAD', target: '/files/7', headers, body: '' }), await send({ method: 'GET', target: '/files/7', headers, body: '' })]
    if (head.status !== 404) assert.deepEqual([head.status, head.body], [200, ''])
    assert.deepEqual([get.status, JSON.parse(get.body).tenant], [200, 'studio-7'])
  })
}

test('guards of what is nested see the whole address, and the portal is for the application itself', async () => {
  const { links, headers } = await session()
  const { state, send, close } = await server()
  after(close)
  const options = { portal, store: links }
  const gate = forExpress(options)
  const inner = express.Router().get('/files/:id', gate.requires('files:read', ({ params }) => params.id), (request, response) => response.end(gate.access(request).tenant))
  const app = fastify()
  await app.register(forFastify, options)
  await app.register(async (child) => child.get('/files/:id', { onRequest: child.requires('files:read', ({ params }) => params.id) }, async ({ access }) => access.tenant), { prefix: '/in' })
  await app.ready()
  const nested = { Express: express().use(gate.routes).use('/in', inner), Fastify: app.routing }
  for (const [name, handler] of Object.entries(nested)) {
    state.handler = handler
    const ask = async (headers) => (await send({ method: 'GET', target: '/in/files/7', headers, body: '' })).status
    assert.deepEqual([await ask(headers), await ask([])], [200, 403], name)
  }
  // An inner context of Fastify's would see its own routes alone, and a link would be answered, by its name, as what is not found.
  const around = async (register) => {
    const app = fastify()
    await app.register(register)
    await app.ready()
  }
  await assert.rejects(around(async (child) => child.register(forFastify, options)), /on the application itself/)
  // A plugin of the application's own that makes no inner context is none.
  await around(Object.assign(async (same) => same.register(forFastify, options), { [Symbol.for('skip-override')]: true }))
})

test('a refusal where an answer has begun cuts that off, and waits for nobody', { timeout: 60_000 }, async () => {
  const { links, headers } = await session()
  const { state, send, close } = await server()
  after(close)
  const gate = forExpress({ portal, store: links })
  const begun = (_, response, next) => (response.write('begun'), next())
  state.handler = express().use('/begun', begun).get(['/files', '/begun'], gate.session, (_, response) => response.end('yours'))
  const ask = async (target, headers) => {
    const { status, body } = await send({ method: 'GET', target, headers, body: '' })
    return [status, body.includes('yours')]
  }
  assert.deepEqual(await ask('/files', headers), [200, true])
  assert.deepEqual(await ask('/files', []), [403, false])
  assert.equal((await ask('/begun', []))[1], false)
})

test('what comes behind a guard is called once, whatever it throws', async () => {
  const { links, token } = await session()
  const gate = forExpress({ portal, store: links })
  const response = { headersSent: false, writeHead() {} }
  const request = (headers) => ({ method: 'GET', url: '/files', rawHeaders: headers })
  const calls = []
  const next = (error) => {
    calls.push(error)
    throw new Error('behind')
  }
  assert.throws(() => gate.session(request(['Authorization', `Bearer ${token}`]), response, next), /behind/)
  assert.deepEqual(calls, [undefined])
  // A mistake is told, once.
  const broken = gate.requires('files:read', () => assert.fail('a mistake'))
  assert.throws(() => broken(request(['Authorization', `Bearer ${token}`]), response, next), /behind/)
  assert.deepEqual([calls.length, calls[1].message], [2, 'a mistake'])
})

test('who is asked whether to believe a session answers at once, with an access', async () => {
  const { links, token } = await session()
  const request = new Request('https://portal.example/files', { headers: { authorization: `Bearer ${token}` } })
  const asking = (verifySession) => forWeb({ portal, links, sessions: { verifySession } })
  assert.equal(asking((token) => links.verifySession(token)).access(request).tenant, 'studio-7')
  const late = async (token) => links.verifySession(token)
  const wrongs = [late, async () => assert.fail('late'), () => undefined, () => null, () => ({ tenant: 'studio-7', require() {} })]
  for (const wrong of wrongs) {
    assert.throws(() => asking(wrong).access(request, 'files:read'), { name: 'TypeError', message: /^sessions.verifySession: an Access/ })
  }
  // A log and a resource that come later are not waited for either.
  const failing = async () => assert.fail('late')
  const told = forWeb({ portal, links, sessions: links, log: failing })
  assert.equal(told.access(new Request('https://portal.example/files')).status, 403)
  const { response, next, calls } = { response: { headersSent: true, writableEnded: true }, next: () => calls.push(1), calls: [] }
  const guard = forExpress({ portal, store: links }).requires('files:read', failing)
  guard({ method: 'GET', url: '/files', rawHeaders: ['Authorization', `Bearer ${token}`] }, response, next)
  assert.deepEqual(calls, [])
  await new Promise((resolve) => setTimeout(resolve, 10)) // nothing was left that nobody hears
})

test('a resource that an address lacks is asked for, and what finding it throws is answered', async () => {
  const { links, token } = await session()
  const told = []
  const web = forWeb({ portal, store: links, log: ({ code }) => told.push(code) })
  const request = new Request('https://portal.example/files', { headers: { authorization: `Bearer ${token}` } })
  assert.equal(web.access(request, 'files:read').tenant, 'studio-7')
  assert.equal(web.access(request, 'files:read', '7').tenant, 'studio-7')
  assert.equal(web.access(request, 'files:read', undefined).status, 403)
  const found = (resource) => web.requires('files:read', () => Response.json({}), resource)(request)
  assert.equal((await found(() => '7')).status, 200)
  assert.equal((await found(() => undefined)).status, 403)
  assert.equal((await found(() => links.verifySession(token).require('messages:send'))).status, 403)
  await assert.rejects(found(() => assert.fail('a mistake')), /a mistake/)
  assert.deepEqual(told, ['resource_required', 'resource_required', 'permission_denied'])
})
