// Fresh deployments, stores and key stores, in a directory that goes when the test is over.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { Keyring, KeyStore, Store } from 'portward'

export async function directory() {
  const path = await mkdtemp(join(tmpdir(), 'portward-node-'))
  after(() => rm(path, { recursive: true, force: true }))
  return path
}

export async function store(options = {}) {
  const path = await directory()
  const keyring = Keyring.generate()
  const location = `sqlite:${join(path, 'links.db')}`
  const made = await Store.open(location, keyring, { create: true, ...options })
  after(() => made.close())
  return { path, keyring, location, store: made }
}

export async function scope(name = 'file:contents') {
  const path = await directory()
  const keyring = Keyring.generate()
  const keys = await KeyStore.open(`sqlite:${join(path, 'keys.db')}`, keyring, { feed: null, create: true })
  after(() => keys.close())
  await keys.newTenant('studio-7')
  return { path, keyring, keys, scope: keys.scope('studio-7', name) }
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
