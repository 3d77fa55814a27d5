// What an answer behind a guard says of caches, by what the application says, and the framework for it.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import express from 'express'
import { Issuer, Portal } from 'portward'
import { portward as forExpress } from 'portward/express'
import { portward as forWeb } from 'portward/web'
import { store } from './support/fixtures.mjs'
import { server } from './support/raw.mjs'

const portal = new Portal('https://portal.example')

async function fixture() {
  const { store: links, keyring } = await store()
  const { token } = new Issuer(keyring).issueSession(links.verifyLink((await links.issue('studio-7', '42', ['files:read'])).token))
  return { options: { portal, store: links }, token }
}

test('only what says of the whole answer which caches may keep it is believed', async () => {
  const { options, token } = await fixture()
  const kept = {
    'private="set-cookie"': 'private',
    'max-age=60, Private="Set-Cookie, X-A", no-transform': 'max-age=60, no-transform, private',
    'no-cache="set-cookie, x", max-age=5': 'no-cache="set-cookie, x", max-age=5, private',
    'public, private="set-cookie"': 'public, private="set-cookie"',
    'private="a, public, b': 'private',
    'x="\\", public", max-age=1': 'x="\\", public", max-age=1, private',
    'public="x"': 'public="x", private',
    's-maxage=5': 's-maxage=5',
    'x="private"': 'x="private", private',
    'private': 'private',
    'max-age=0': 'max-age=0, private',
    'public, max-age=0, immutable': 'max-age=0, immutable, private',
    'immutable, public, max-age=0': 'immutable, max-age=0, private',
    'public, max-age=9, immutable': 'public, max-age=9, immutable',
    'no-store, immutable': 'no-store, immutable',
  }
  const request = new Request('https://portal.example/files', { headers: { authorization: `Bearer ${token}` } })
  for (const [said, told] of Object.entries(kept)) {
    const answer = await forWeb(options).requires('files:read', () => new Response('yours', { headers: { 'Cache-Control': said } }))(request)
    assert.equal(answer.headers.get('cache-control'), told, said)
  }
})

test('files that never change are kept apart, unless the application says an age', async () => {
  const { options, token } = await fixture()
  const { state, send, close } = await server()
  after(close)
  const folder = fileURLToPath(new URL('.', import.meta.url))
  const gate = forExpress(options)
  for (const [said, told] of [[{ immutable: true }, 'max-age=0, immutable, private'], [{ immutable: true, maxAge: '1h' }, 'public, max-age=3600, immutable']]) {
    state.handler = express().use(gate.session, express.static(folder, said))
    const { status, headers } = await send({ method: 'GET', target: '/caches.test.mjs', headers: [['Authorization', `Bearer ${token}`]], body: '' })
    assert.deepEqual([status, headers.find(([name]) => name.toLowerCase() === 'cache-control')[1]], [200, told])
  }
})
