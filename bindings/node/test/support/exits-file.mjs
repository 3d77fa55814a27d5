// Ends, or says so, while it seals a file that has no end.

import { join } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { Keyring, KeyStore } from 'portward'

const folder = process.argv[2]
const keys = await KeyStore.open(`sqlite:${join(folder, `${process.pid}-${Date.now()}.db`)}`, Keyring.generate(), { feed: null, create: true })
await keys.newTenant('t')
const progress = () => {
  if (process.argv[3] === 'stays') return parentPort.postMessage('sealing')
  console.log('sealing')
  process.exit(0)
}
await keys.scope('t', 'file:contents').sealFile('/dev/zero', join(folder, 'sealed'), { name: 'a.b', id: '1', progress })
