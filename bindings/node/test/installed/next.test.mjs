// Every request of testkit/vectors/http.json to route handlers inside Next.js, as it builds and starts them: the application `next`. Only where the
// package is installed: from a package that finds itself, Next.js would bundle its native part.

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Issuer, Keyring, Store } from 'portward'
import { compare, compareSession } from '../support/answers.mjs'
import { directory, until } from '../support/fixtures.mjs'
import { send } from '../support/raw.mjs'
import { load } from '../support/vectors.mjs'

const app = fileURLToPath(new URL('next', import.meta.url))
const next = fileURLToPath(new URL('../../node_modules/next/dist/bin/next', import.meta.url))
const ask = new URL('../support/ask.mjs', import.meta.url).href

/** What Next.js answers itself, before any handler is asked, and how: for each reason the vectors. */
const OWN = {
  'a path that cannot be decoded': { status: 500, ids: ['http/take/damaged-escape-percent'] },
  'an upgrade, which no handler can serve': {
    status: NaN,
    ids: ['own', 'foreign', 'same-site', 'plain', 'bearer-foreign'].map((name) => `http/session/get-websocket-${name}`),
  },
}

/** Builds the application and starts it, on a port of its own. */
async function started(told) {
  const env = { ...process.env, ...told, PORTWARD_ASK: ask, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' }
  // What the runner of tests tells its children is not for these.
  for (const name of ['NODE_OPTIONS', 'NODE_TEST_CONTEXT']) delete env[name]
  await promisify(execFile)(process.execPath, [next, 'build', app], { env, cwd: app })
  const server = spawn(process.execPath, [next, 'start', app, '--hostname', '127.0.0.1', '--port', '0'], { env, cwd: app, stdio: ['ignore', 'pipe', 'inherit'] })
  after(() => once(server, 'exit', server.kill()))
  let port
  for await (const line of createInterface({ input: server.stdout })) {
    port ??= line.match(/http:\/\/127\.0\.0\.1:(\d+)/)?.[1]
    if (/Ready/.test(line)) break
  }
  server.stdout.resume()
  return (request) => send(Number(port), { headers: [], body: '', ...request })
}

test('Next.js', { timeout: 300_000 }, async (context) => {
  const path = await directory()
  const keyring = await Keyring.create(join(path, 'keys'))
  const location = `sqlite:${join(path, 'links.db')}`
  const store = await Store.open(location, keyring, { create: true })
  after(() => store.close())
  const asked = await started({ PORTWARD_KEYRING: join(path, 'keys'), PORTWARD_STORE: location })

  await context.test('answers every vector that it hands on', async () => {
    const cases = load('http').cases.entries()
    const own = []
    for (const [number, vector] of cases) {
      const told = await asked({ method: 'GET', target: `/the-vector-is/${number}` })
      assert.equal(told.status, 204)
      const got = await asked(vector.request)
      const answered = Object.entries(OWN).find(([, { ids }]) => ids.includes(vector.id))
      if (answered !== undefined) {
        own.push(vector.id)
        assert.deepEqual([got.status, got.body.includes('pwl_') || got.body.includes('pws_')], [answered[1].status, false], vector.id)
        continue
      }
      const judge = vector.op === 'http_session' ? compareSession : compare
      judge(got, vector)
    }
    assert.deepEqual(own.sort(), Object.values(OWN).flatMap(({ ids }) => ids).sort())
  })

  await context.test('lets in whom a guard lets in, and keeps the answer apart', async () => {
    const { id, token } = await store.issue('studio-7', '42', ['files:read'])
    const sessionOf = (link) => new Issuer(keyring).issueSession(store.verifyLink(link)).token
    const ask = (session) => asked({ method: 'GET', target: '/files/7', headers: session === undefined ? [] : [['Authorization', `Bearer ${session}`]] })
    const session = sessionOf(token)
    const { status, headers, body } = await ask(session)
    assert.deepEqual([status, JSON.parse(body)], [200, { tenant: 'studio-7', id: '7' }])
    const said = (name) => headers.filter(([header]) => header === name).flatMap(([, value]) => value.toLowerCase().split(', '))
    assert.deepEqual(said('cache-control'), ['private'])
    assert.ok(['cookie', 'authorization'].every((name) => said('vary').includes(name)), said('vary').join())
    const other = await store.issue('studio-7', '42', ['messages:send'])
    for (const wrong of [undefined, `${session}x`, sessionOf(other.token)]) assert.notEqual((await ask(wrong)).status, 200)
    await store.revokeLink('studio-7', id)
    await until(async () => (await ask(session)).status !== 200)
    assert.equal((await ask(session)).status, 403)
  })
})
