// Threads, processes, and their ends.

import assert from 'node:assert/strict'
import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { Issuer, Keyring, Verifier } from 'portward'
import { onEach } from './support/databases.mjs'
import { store } from './support/fixtures.mjs'

const here = (name) => fileURLToPath(new URL(`support/${name}`, import.meta.url))
const run = promisify(execFile)

/** Files that another process opens the same store by. */
function shared({ path, keyring, location }) {
  writeFileSync(join(path, 'deployment.json'), keyring.deployment.toJson())
  writeFileSync(join(path, 'keyring.json'), keyring.exportInClear())
  return { path, location }
}

onEach('worker threads: revoked in one, refused in all', async (database) => {
  const made = await store(database)
  const { id, token } = await made.store.issue('studio-7', '42', ['files:read'])
  // Once: it writes the files that the workers read.
  const workerData = { ...shared(made), token }
  const workers = [1, 2, 3].map(() => new Worker(here('worker.mjs'), { workerData }))
  for (const [first] of await Promise.all(workers.map((worker) => once(worker, 'message')))) assert.equal(first, 'verified')
  const ends = Promise.all(workers.map((worker) => once(worker, 'message')))
  await made.store.revokeLink('studio-7', id)
  const revoked = performance.now()
  for (const [last] of await ends) assert.equal(last, 'link_revoked')
  assert.ok(performance.now() - revoked < 1000)
  await Promise.all(workers.map((worker) => worker.terminate()))
  assert.throws(() => made.store.verifyLink(token), { code: 'link_revoked' })
})

onEach('a worker that is ended in the middle of work ends nothing else', async (database) => {
  const made = await store(database)
  const worker = new Worker(here('busy.mjs'), { workerData: shared(made) })
  await once(worker, 'message')
  await worker.terminate()
  const { token } = await made.store.issue('studio-7', '42', ['files:read'])
  assert.equal(made.store.verifyLink(token).client, '42')
})

onEach('cluster: revoked in one process, refused in all', async (database) => {
  const made = await store(database)
  const { token, id } = await made.store.issue('studio-7', '42', ['files:read'])
  await made.store.close()
  const primary = fork(here('cluster.mjs'), { env: { ...process.env, SHARED: JSON.stringify({ ...shared(made), token, id }) } })
  const [{ within, ...result }] = await once(primary, 'message')
  await once(primary, 'exit')
  assert.ok(within < 1000, `${within} ms`)
  assert.deepEqual(result, { before: ['verified', 'verified', 'verified'], after: ['link_revoked', 'link_revoked', 'link_revoked'] })
})

onEach('process.exit in the middle of work is an ordinary end', async (database) => {
  const made = await store(database)
  const env = { ...process.env, SHARED: JSON.stringify(shared(made)) }
  for (const after of ['0', '1', '20', '100']) {
    const { stdout } = await run(process.execPath, [here('exits.mjs'), after], { env })
    assert.equal(stdout, 'leaving\n')
    // What was under way is over, and what had not begun was left.
  }
  // Nothing is left locked.
  await made.store.issue('studio-7', '42', ['files:read'])
})

test('10,000 objects of each kind leave nothing behind', async () => {
  const { stdout } = await run(process.execPath, ['--expose-gc', here('leak.mjs')])
  const grown = Number(stdout)
  assert.ok(grown < 24, `${grown} MiB more`)
})

test('a verifier outlives what it was made of', () => {
  const verifier = Verifier.withoutRevocation(Keyring.generate())
  globalThis.gc?.()
  assert.throws(() => verifier.verifyLink(new Issuer(Keyring.generate()).issueLink('t', 'c', ['files:read']).token), { public: 'refused' })
})
