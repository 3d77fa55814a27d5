import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Deployment, Keyring, Store } from 'portward'

export async function open({ path, location }) {
  const deployment = Deployment.fromJson(readFileSync(join(path, 'deployment.json')))
  const keyring = Keyring.fromJson(readFileSync(join(path, 'keyring.json')), deployment)
  return Store.open(location, keyring, { follow: 0.05 })
}

export function state(store, token) {
  try {
    store.verifyLink(token)
    return 'verified'
  } catch (error) {
    return error.code
  }
}

/** What it is once it changes; within two minutes. */
export async function changed(store, token, from) {
  for (let turn = 0; turn < 6000; turn++) {
    if (state(store, token) !== from) break
    await sleep(20)
  }
  return state(store, token)
}
