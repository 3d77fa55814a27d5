import { parentPort, workerData } from 'node:worker_threads'
import { changed, open, state } from './shared.mjs'

const store = await open(workerData)
parentPort.postMessage(state(store, workerData.token))
parentPort.postMessage(await changed(store, workerData.token, 'verified'))
await store.close()
