// Threads, processes, and their ends.

import assert from 'node:assert/strict'
import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { Issuer, Keyring, Verifier } from 'portward'
import { onEach } from './support/databases.mjs'
import { scope, store } from './support/fixtures.mjs'

const here = (name) => fileURLToPath(new URL(`support/${name}`, import.meta.url))
const run = promisify(execFile)

/** Files that another process opens the same store by. */
function shared({ path, keyring, location }) {
  writeFileSync(join(path, 'deployment.json'), keyring.deployment.toJson())
  writeFileSync(join(path, 'keyring.json'), keyring.exportInClear())
  return { path, location }
}

/** A test of each kind of database whose body says after how many milliseconds all refused. Less than a second in one of ten tries: others compute here, too. */
function withinASecond(name, body) {
  onEach(name, async (database) => {
    const found = []
    do found.push(await body(database))
    while (found.at(-1) >= 1000 && found.length < 10)
    assert.ok(found.at(-1) < 1000, `${found} ms`)
  })
}

withinASecond('worker threads: revoked in one, refused in all', async (database) => {
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
  const within = performance.now() - revoked
  await Promise.all(workers.map((worker) => worker.terminate()))
  assert.throws(() => made.store.verifyLink(token), { code: 'link_revoked' })
  return within
})

onEach('a worker that is ended in the middle of work ends nothing else', async (database) => {
  const made = await store(database)
  const worker = new Worker(here('busy.mjs'), { workerData: shared(made) })
  await once(worker, 'message')
  await worker.terminate()
  const { token } = await made.store.issue('studio-7', '42', ['files:read'])
  assert.equal(made.store.verifyLink(token).client, '42')
})

withinASecond('cluster: revoked in one process, refused in all', async (database) => {
  const made = await store(database)
  const { token, id } = await made.store.issue('studio-7', '42', ['files:read'])
  await made.store.close()
  const primary = fork(here('cluster.mjs'), { env: { ...process.env, SHARED: JSON.stringify({ ...shared(made), token, id }) } })
  const [{ within, ...result }] = await once(primary, 'message')
  await once(primary, 'exit')
  assert.deepEqual(result, { before: ['verified', 'verified', 'verified'], after: ['link_revoked', 'link_revoked', 'link_revoked'] })
  return within
})

onEach('process.exit in the middle of work is an ordinary end', async (database) => {
  const made = await store(database)
  const env = { ...process.env, SHARED: JSON.stringify(shared(made)) }
  let before = 0
  for (const after of ['0', '1', '20', '100', 'when it is done']) {
    const { stdout } = await run(process.execPath, [here('exits.mjs'), after], { env })
    assert.equal(stdout, 'leaving\n')
    // What was under way is over, and what had not begun was left; without an exit all of it is done.
    const { length } = (await made.store.list('studio-7', { limit: 1000 })).links
    const done = length - before
    assert.ok(after === 'when it is done' ? done === 20 : done < 20, `${done} links after ${after} ms`)
    before = length
  }
  // Nothing is left locked.
  await made.store.issue('studio-7', '42', ['files:read'])
})

test('process.exit does not wait for a file that is under way', { timeout: 300_000 }, async () => {
  const { path } = await scope()
  const { stdout } = await run(process.execPath, [here('exits-file.mjs'), path])
  assert.equal(stdout, 'sealing\n')
  const left = () => readdirSync(path).filter((name) => name.startsWith('sealed') || name.startsWith('.portward'))
  assert.deepEqual(left(), [])
  // Nor does a thread that ends itself, nor a process one of whose threads is at it, if its main thread knows of us.
  const worker = new Worker(here('exits-file.mjs'), { argv: [path], stdout: true })
  const [code] = await once(worker, 'exit')
  assert.deepEqual([code, left()], [0, []])
  const main = `require('portward'); new (require('node:worker_threads').Worker)(process.argv[1], { argv: [process.argv[2], 'stays'] }).once('message', () => process.exit(0))`
  await run(process.execPath, ['-e', main, here('exits-file.mjs'), path], { cwd: here('..') })
  assert.deepEqual(left(), [])
})

function ofOneKeyring() {
  const keyring = Keyring.generate()
  return [Verifier.withoutRevocation(keyring), new Issuer(keyring).issueLink('t', 'c', ['files:read']).token, new WeakRef(keyring)]
}

test('a verifier outlives what it was made of', async () => {
  const [verifier, token, keyring] = ofOneKeyring()
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc')
  for (let round = 0; round < 20 && keyring.deref() !== undefined; round++) {
    await new Promise(setImmediate)
    gc()
  }
  assert.equal(keyring.deref(), undefined, 'the keyring is gone')
  assert.equal(verifier.verifyLink(token).client, 'c')
  assert.throws(() => verifier.verifyLink(new Issuer(Keyring.generate()).issueLink('t', 'c', ['files:read']).token), { public: 'refused' })
})
