// Runs the portal on http://localhost:8080 (or the port in PORT), with its data in ./data.

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { Keyring, KeyStore, Store } from 'portward'
import { portalApp } from './portal.mjs'

const port = Number(process.env.PORT ?? 8080)
mkdirSync('data', { recursive: true, mode: 0o700 })
const keyring = existsSync('data/keyring') ? await Keyring.open('data/keyring') : await Keyring.create('data/keyring')
const store = await Store.open('sqlite:data/links.db', keyring, { create: true })
const keys = await KeyStore.open('sqlite:data/keys.db', keyring, { feed: store, create: true })
await keys.newTenant('studio-7').catch((error) => {
  if (error.code !== 'key_exists') throw error
})

const studioKey = process.env.STUDIO_KEY ?? randomBytes(16).toString('hex')
const app = await portalApp({ store, keys, origin: `http://localhost:${port}`, studioKey, log: (refusal) => console.log('refused', refusal) })
await app.listen({ port, host: '127.0.0.1' })
console.log(`the studio's key: ${studioKey}`)

process.once('SIGINT', async () => {
  await app.close()
  await keys.close()
  await store.close()
})
