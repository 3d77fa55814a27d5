// The rules for Hono among middleware of others, which lay headers over answers of ours and over what lies behind a guard.

import assert from 'node:assert/strict'
import { AsyncResource } from 'node:async_hooks'
import { after, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { setCookie } from 'hono/cookie'
import { cors } from 'hono/cors'
import { HTTPException } from 'hono/http-exception'
import { methodOverride } from 'hono/method-override'
import { Portal } from 'portward'
import { portward } from 'portward/web'
import { store } from './support/fixtures.mjs'
import { send, server } from './support/raw.mjs'

const portal = new Portal('https://portal.example')

async function fixture() {
  const { store: links } = await store()
  const issued = async () => (await links.issue('studio-7', '42', ['files:read'])).token
  const token = await issued()
  const { cookie, nonce } = links.peek(token)
  const session = await links.redeem(token, cookie, nonce)
  return { links, issued, web: portward({ portal, store: links }), headers: { authorization: `Bearer ${session.token}` } }
}

/** Middleware that say something before what comes next, or after it. */
const before = (say) => (context, next) => (say(context.res.headers), next())
const later = (say) => async (context, next) => (await next(), say(context))
const ofLists = (header) => (header ?? '').split(', ').sort()

/** What an application says of caches, and what becomes of it. */
const SAYING = [
  ['nothing', (_, next) => next(), 'private', []],
  ['an age before', before((headers) => headers.set('Cache-Control', 'max-age=60')), 'max-age=60, private', []],
  ['an age after', later((context) => context.header('Cache-Control', 'max-age=60')), 'max-age=60, private', []],
  ['an age for all', later((context) => context.header('Cache-Control', 'public, max-age=60')), 'public, max-age=60', []],
  ['what it varies by before', before((headers) => headers.set('Vary', 'Accept')), 'private', ['Accept']],
  ['what it varies by after', later((context) => context.header('Vary', 'Accept')), 'private', ['Accept']],
  ['something in another answer', later((context) => (context.res = new Response(context.res.body, { status: context.res.status }))), 'private', []],
  ['something by another request', (context, next) => ((context.req.raw = new Request(context.req.raw)), next()), 'private', []],
]

for (const [what, middleware, caches, varies] of SAYING) {
  test(`what lies behind a guard is kept apart where the middleware say ${what}`, async () => {
    const { web, headers } = await fixture()
    const guarded = web.requires('files:read', async () => new Response('yours', { headers: { 'Set-Cookie': 'a=1' } }))
    const app = new Hono().use(web.hono).use(middleware)
    app.get('/requires', (context) => guarded(context.req.raw))
    app.get('/access', (context) => {
      const access = web.access(context.req.raw)
      return access instanceof Response ? access : context.text('yours')
    })
    app.get('/fetched', async (context) => {
      const access = web.access(context.req.raw)
      return access instanceof Response ? access : fetch('data:text/plain,yours')
    })
    app.get('/open', (context) => context.text('yours'))
    const ask = (path, headers = {}) => app.fetch(new Request(`https://portal.example${path}`, { headers }))
    for (const path of ['/requires', '/access', '/fetched']) {
      const answer = await ask(path, headers)
      assert.deepEqual([answer.status, answer.headers.get('cache-control'), await answer.text()], [200, caches, 'yours'], path)
      assert.deepEqual(ofLists(answer.headers.get('vary')), [...varies, 'Authorization', 'Cookie'].sort(), path)
      if (path === '/requires' && what !== 'something in another answer') assert.deepEqual(answer.headers.getSetCookie(), ['a=1'])
      const refused = await ask(path)
      assert.deepEqual([refused.status, refused.headers.get('cache-control'), await refused.json()], [403, 'no-store', { error: 'refused' }], path)
    }
    const open = await ask('/open')
    assert.equal(open.headers.get('cache-control')?.includes('private') ?? false, false)
  })
}

test('likewise where an application is in another, or asks itself once more', async () => {
  const { web, headers } = await fixture()
  const guarded = web.requires('files:read', async () => new Response('yours'))
  for (const inner of [new Hono(), new Hono().use(web.hono)]) {
    inner.get('/files', (context) => guarded(context.req.raw)).put('/files', (context) => guarded(context.req.raw))
    const app = new Hono().use(web.hono).use(later((context) => context.header('Cache-Control', 'max-age=60'))).mount('/in', inner.fetch)
    app.use('/files', methodOverride({ app: inner, header: 'X-Method' }))
    for (const [path, method, more] of [['/in/files', 'GET', {}], ['/files', 'POST', { 'X-Method': 'PUT' }]]) {
      const ask = (headers) => app.fetch(new Request(`https://portal.example${path}`, { method, headers: { ...headers, ...more } }))
      const [answer, refused] = [await ask(headers), await ask({})]
      assert.deepEqual([answer.status, answer.headers.get('cache-control'), answer.headers.get('vary')], [200, 'max-age=60, private', 'Cookie, Authorization'], path)
      assert.deepEqual([refused.status, refused.headers.get('cache-control')], [403, 'no-store'], path)
    }
  }
})

test('an answer that is no refusal is kept apart also where the application gives it to who was refused', async () => {
  const { web } = await fixture()
  const app = new Hono().use(web.hono).get('/', (context) => {
    web.access(context.req.raw)
    return context.text('welcome', 200, { 'Cache-Control': 'max-age=60' })
  })
  const answer = await app.fetch(new Request('https://portal.example/'))
  assert.deepEqual([answer.status, answer.headers.get('cache-control'), answer.headers.get('vary')], [200, 'max-age=60, private', 'Cookie, Authorization'])
})

test('what an application answers itself to who was refused stays what it is, and is not kept', async () => {
  const { web } = await fixture()
  const app = new Hono().use(web.hono).use(later((context) => context.header('Cache-Control', 'max-age=60')))
  const refused = (context) => web.access(context.req.raw, 'files:read') instanceof Response
  app.get('/page', (context) => refused(context) && context.html('<h1>Open your link</h1>', 403))
  app.get('/json', (context) => refused(context) && context.json({ error: '<meta http-equiv=refresh>' }, 403))
  app.get('/text', (context) => {
    if (refused(context)) throw new HTTPException(403, { message: '<meta http-equiv=refresh>' })
  })
  for (const accept of ['text/html', 'application/json']) {
    for (const [path, type] of [['/page', /^text\/html/], ['/json', /^application\/json/], ['/text', /^text\/plain/]]) {
      const answer = await app.fetch(new Request(`https://portal.example${path}`, { headers: { accept, 'sec-fetch-mode': 'navigate' } }))
      assert.deepEqual([answer.status, answer.headers.get('cache-control'), answer.headers.get('content-security-policy')], [403, 'no-store', null], path)
      assert.match(answer.headers.get('content-type'), type, path)
    }
  }
})

test('a handler that answers nothing is a mistake behind a guard, too', async () => {
  const { web, headers } = await fixture()
  const app = new Hono().use(web.hono).get('/', (context) => void web.access(context.req.raw))
  app.onError((error, context) => context.text(error.message, 500))
  const answer = await app.fetch(new Request('https://portal.example/', { headers }))
  assert.equal(answer.status, 500)
  assert.match(await answer.text(), /not finalized/)
})

test('a middleware that does not wait for the next makes no answer of nothing', async () => {
  const { web, headers } = await fixture()
  for (const turns of [0, 1, 2, 3, 4]) {
    const app = new Hono().use(web.hono).use((context, next) => {
      web.access(context.req.raw)
      next()
    })
    app.get('/', async (context) => {
      for (let turn = 0; turn < turns; turn++) await null
      return context.text('yours', 200, { 'Cache-Control': 'max-age=60' })
    })
    app.onError((_, context) => context.text('a mistake', 500))
    const answer = await app.fetch(new Request('https://portal.example/', { headers }))
    assert.match(`${answer.status} ${await answer.text()}`, /^(?:200 yours|500 a mistake)$/)
    assert.match(answer.headers.get('cache-control'), /private/)
  }
})

test('an answer is kept apart also where sessions are asked for together, at work on another request or on none', async () => {
  const { web, headers } = await fixture()
  const waiting = []
  const together = (begin) => (request) => new Promise((done) => {
    waiting.push(() => done(web.access(request)))
    if (waiting.length === 2) begin(() => waiting.splice(0).forEach((ask) => ask()))
  })
  const outside = new AsyncResource('outside')
  for (const begin of [(ask) => setImmediate(ask), (ask) => outside.runInAsyncScope(ask)]) {
    const access = together(begin)
    const app = new Hono().use(web.hono).get('/', async (context) => {
      await access(context.req.raw)
      return context.text('yours', 200, { 'Cache-Control': 'max-age=60' })
    })
    const answers = await Promise.all([1, 2].map(() => app.fetch(new Request('https://portal.example/', { headers }))))
    assert.deepEqual(answers.map((answer) => answer.headers.get('cache-control')), ['max-age=60, private', 'max-age=60, private'])
  }
})

/** What says an age of every answer, as whoever has a cache in front does. */
const AGE = later((context) => context.header('Cache-Control', 'max-age=60'))
const tenantOf = (web, context) => web.access(context.req.raw).tenant
const ways = (answer) => [answer.status, answer.headers.get('cache-control')]

test('an answer is kept apart also where applications in it are at work on one request at once', async () => {
  const { web, headers } = await fixture()
  const [asks, open] = [new Hono().use(web.hono), new Hono().use(web.hono)]
  asks.get('/', async (context) => (await wait(2), context.text(tenantOf(web, context))))
  open.get('/', async (context) => (await wait(20), context.text('open')))
  const app = new Hono().use(web.hono).use(AGE).get('/', async (context) => {
    const parts = await Promise.all([asks, open].map((one) => one.fetch(context.req.raw)))
    return context.text((await Promise.all(parts.map((part) => part.text()))).join())
  })
  const answer = await app.fetch(new Request('https://portal.example/', { headers }))
  assert.deepEqual([...ways(answer), await answer.text()], [200, 'max-age=60, private', 'studio-7,open'])
})

test('likewise where an application in it throws something, or is not waited for', async () => {
  const { web, headers } = await fixture()
  const ask = (app) => app.fetch(new Request('https://portal.example/', { headers }))
  const around = (handler) => new Hono().use(web.hono).use(AGE).get('/', handler)
  const thrown = async (inner, context, otherwise) => {
    try {
      return await inner.fetch(context.req.raw)
    } catch (thrown) {
      return context.text(otherwise(thrown))
    }
  }
  const asks = new Hono().use(web.hono).get('/', (context) => {
    throw { tenant: tenantOf(web, context) } // no `Error`, which Hono would answer
  })
  const silent = new Hono().use(web.hono).get('/', () => {
    throw 'nothing'
  })
  const slow = new Hono().use(web.hono).get('/', async (context) => {
    context.env.tenant = tenantOf(web, context)
    await wait(20)
    return context.text('too late')
  })
  for (const handler of [
    (context) => thrown(asks, context, ({ tenant }) => tenant),
    (context) => thrown(silent, context, () => tenantOf(web, context)),
    async (context) => {
      const env = {}
      await Promise.race([slow.fetch(context.req.raw, env), wait(5)])
      return context.text(env.tenant)
    },
  ]) {
    const answer = await ask(around(handler))
    assert.deepEqual([...ways(answer), await answer.text()], [200, 'max-age=60, private', 'studio-7'])
  }
  const open = await ask(around((context) => thrown(silent, context, () => 'open')))
  assert.deepEqual([...ways(open), await open.text()], [200, 'max-age=60', 'open'])
})

test('a refusal stays one where another permission was granted after it', async () => {
  const { web, headers } = await fixture()
  for (const permissions of [['messages:send', 'files:read'], ['files:read', 'messages:send']]) {
    const app = new Hono().use(web.hono).use(AGE).get('/', (context) => {
      const all = permissions.map((permission) => web.access(context.req.raw, permission))
      return all.find((one) => one instanceof Response)
    })
    assert.deepEqual(ways(await app.fetch(new Request('https://portal.example/', { headers }))), [403, 'no-store'])
  }
})

test('an answer is kept apart also where sessions are asked for together, of requests that middleware made', async () => {
  const { web, headers } = await fixture()
  for (const order of [[headers, {}], [{}, headers]]) {
    const waiting = []
    const app = new Hono().use(web.hono).use(AGE)
    app.use((context, next) => ((context.req.raw = new Request(context.req.raw)), next()))
    app.get('/', async (context) => {
      const access = await new Promise((done) => {
        waiting.push(() => done(web.access(context.req.raw)))
        if (waiting.length === 2) waiting.splice(0).forEach((ask) => ask())
      })
      return access instanceof Response ? access : context.text('yours')
    })
    const answers = await Promise.all(order.map((one) => app.fetch(new Request('https://portal.example/', { headers: one }))))
    const expected = order.map((one) => (one === headers ? [200, 'max-age=60, private'] : [403, 'no-store']))
    assert.deepEqual(answers.map(ways), expected)
  }
})

test('what is over after its answer was sent by another makes no mistake of it', async () => {
  const { web, headers } = await fixture()
  const mistakes = []
  const late = new Hono().use(web.hono).get('/', async (context) => (context.set('tenant', tenantOf(web, context)), await wait(20), context.text('late')))
  late.onError((error, context) => (mistakes.push(error), context.text('a mistake', 500)))
  let over
  const app = new Hono().use(web.hono).use(async (context, next) => {
    over = next()
    await Promise.race([over, wait(5)])
    if (!context.finalized) return context.text('still at work')
  })
  app.route('/in', late)
  app.onError((error, context) => (mistakes.push(error), context.text('a mistake', 500)))
  const answer = await app.fetch(new Request('https://portal.example/in', { headers }))
  assert.deepEqual([await answer.text(), answer.headers.get('cache-control')], ['still at work', 'private'])
  await over
  assert.deepEqual(mistakes, [])
})

test('a refusal stays one where sessions are asked for together, after its own', async () => {
  const { web, headers } = await fixture()
  const waiting = []
  const together = (request) => new Promise((done) => {
    waiting.unshift(() => done(web.access(request)))
    if (waiting.length === 2) waiting.splice(0).forEach((ask) => ask())
  })
  const app = new Hono().use(web.hono).use(later((context) => context.header('Cache-Control', 'max-age=60')))
  app.get('/', async (context) => {
    const access = await together(context.req.raw)
    return access instanceof Response ? access : context.text('yours')
  })
  const asked = [headers, {}].map((one) => app.fetch(new Request('https://portal.example/', { headers: one })))
  const answers = await Promise.all(asked)
  assert.deepEqual(answers.map(({ status, headers }) => [status, headers.get('cache-control')]), [[200, 'max-age=60, private'], [403, 'no-store']])
})

test('an answer of the portal keeps its cookies and headers among those of other middleware', async () => {
  const { web, issued } = await fixture()
  const cookie = (context, next) => (setCookie(context, 'a', '1'), next())
  const credentials = cors({ origin: 'https://other.example', credentials: true })
  const around = {
    none: [[], []],
    cookies: [[credentials, cookie], ['a']],
    headers: [[before((headers) => headers.set('Cache-Control', 'max-age=60')), credentials], []],
  }
  for (const [name, [middleware, others]] of Object.entries(around)) {
    const app = new Hono()
    for (const one of middleware) app.use(one)
    app.use(web.hono).use(later((context) => context.header('Cache-Control', 'max-age=60')))
    const ask = (path, headers) => app.fetch(new Request(`https://portal.example${path}`, { headers }))
    const token = await issued()
    const [link, page] = [await ask(`/portal/${token}`), await ask('/portal', { cookie: `__Host-portward-link=${token}` })]
    const cookies = (answer) => answer.headers.getSetCookie().map((line) => line.split('=')[0])
    assert.deepEqual([link.status, link.headers.get('location'), cookies(link)], [303, '/portal', [...others, '__Host-portward-link']], name)
    assert.deepEqual([page.status, cookies(page)], [200, [...others, '__Host-portward-peek']], name)
    assert.match(await page.text(), /name="nonce"/)
    for (const answer of [link, page]) {
      assert.equal(answer.headers.get('cache-control'), 'no-store', name)
      if (middleware.includes(credentials)) assert.equal(answer.headers.get('access-control-allow-credentials'), 'true')
    }
  }
})

test('likewise over a socket', async () => {
  const { web, issued, headers } = await fixture()
  const { state, port, close } = await server()
  after(close)
  const app = new Hono().use(cors({ origin: 'https://other.example', credentials: true }), (context, next) => (setCookie(context, 'a', '1'), next())).use(web.hono)
  app.use(later((context) => context.header('Cache-Control', 'max-age=60'))).get('/files', (context) => {
    const access = web.access(context.req.raw)
    return access instanceof Response ? access : context.text('yours')
  })
  state.handler = getRequestListener(app.fetch)
  const get = async (target, lines = []) => {
    const { status, headers, body } = await send(port, { method: 'GET', target, headers: lines, body: '' })
    const of = (name) => headers.filter(([held]) => held === name).map(([, value]) => value)
    return [status, of('cache-control'), of('set-cookie').map((line) => line.split('=')[0]), body]
  }
  assert.deepEqual(await get(`/portal/${await issued()}`), [303, ['no-store'], ['a', '__Host-portward-link'], ''])
  assert.deepEqual(await get('/files', Object.entries(headers)), [200, ['max-age=60, private'], ['a'], 'yours'])
  assert.deepEqual(await get('/files'), [403, ['no-store'], ['a'], '{"error":"refused"}'])
})
