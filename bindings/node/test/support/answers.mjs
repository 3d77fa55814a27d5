// Compares an answer with what a vector tells of it: testkit/README.md.

import assert from 'node:assert/strict'

const COMPARED = [
  'cache-control', 'referrer-policy', 'x-robots-tag', 'x-content-type-options', 'location', 'allow', 'retry-after',
]

/** `got`: status, header lines and body. */
export function compare(got, vector) {
  const { id, expect } = vector
  if (expect.ok === 'application') return assert.equal(got.status, 418, id)
  const told = expect.ok ?? expect.answer
  const all = (name) => got.headers.filter(([header]) => header === name).map(([, value]) => value)
  assert.equal(got.status, told.status, id)
  const headers = Object.fromEntries(COMPARED.flatMap((name) => all(name).map((value) => [name, value])))
  assert.deepEqual(headers, withoutPolicy(told.headers), id)
  assert.deepEqual(all('set-cookie').sort(), [...told.cookies].sort(), id)
  const policy = told.headers['content-security-policy']
  if (policy !== undefined) assert.match(all('content-security-policy')[0], policyOf(policy), id)
  if (['405', '413', '415'].includes(expect.error)) return
  if (told.type !== undefined) assert.equal(all('content-type')[0]?.split(';')[0], told.type, id)
  if (told.body?.text !== undefined) assert.equal(got.body, told.body.text, id)
  if (told.body?.json !== undefined) assert.deepEqual(JSON.parse(got.body), told.body.json, id)
}

function withoutPolicy({ 'content-security-policy': _, ...headers }) {
  return headers
}

function policyOf(policy) {
  const quoted = policy.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('sha256-\\*', 'sha256-[A-Za-z0-9+/=]+')
  const style = "(?:; style-src(?: 'sha256-[A-Za-z0-9+/=]+')+)?"
  return new RegExp(`^${quoted.replaceAll('; ', `${style}; `)}${style}$`)
}

/** What the route of the application answers that wants a session. */
export function compareSession({ status, body }, { id, expect }) {
  if (expect.error !== undefined) {
    assert.equal(status, expect.error === 'damaged' ? 400 : 403, id)
    return assert.deepEqual(JSON.parse(body.startsWith('<') ? `{"error":"${expect.error}"}` : body || '{}'), body ? { error: expect.error } : {}, id)
  }
  assert.equal(status, 200, id)
  if (body !== '') assert.deepEqual(JSON.parse(body).token_id, expect.ok.token_id, id)
}
