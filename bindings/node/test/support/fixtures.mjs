// Fresh deployments, stores and key stores, in a directory that goes when the test is over.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Keyring, KeyStore, Store } from 'portward'
import { SQLITE } from './databases.mjs'

export async function directory() {
  const path = await mkdtemp(join(tmpdir(), 'portward-node-'))
  after(() => rm(path, { recursive: true, force: true }))
  return path
}

export async function store(database = SQLITE, keyring = Keyring.generate()) {
  const path = await directory()
  const { location, drop } = await database.fresh(path, 'links')
  const made = await Store.open(location, keyring, { create: true })
  after(() => made.close().then(drop))
  return { path, keyring, location, store: made }
}

export async function scope(name = 'file:contents', database = SQLITE) {
  const path = await directory()
  const keyring = Keyring.generate()
  const { location, drop } = await database.fresh(path, 'keys')
  const keys = await KeyStore.open(location, keyring, { feed: null, create: true })
  after(() => keys.close().then(drop))
  await keys.newTenant('studio-7')
  return { path, keyring, keys, scope: keys.scope('studio-7', name) }
}

/** Waits until this holds, for so many turns at most: whoever asks sees then whether it does. */
export async function until(holds, turns = 2000) {
  for (let turn = 0; turn < turns && !(await holds()); turn++) await sleep(10)
}

/** The code of the error that this throws or rejects with. */
export async function code(work) {
  try {
    await work()
  } catch (error) {
    return error.code
  }
  return 'nothing was thrown'
}
