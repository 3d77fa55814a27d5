import { parentPort, workerData } from 'node:worker_threads'
import { open } from './shared.mjs'

const store = await open(workerData)
parentPort.postMessage('begins')
for (;;) await Promise.all(Array.from({ length: 10 }, () => store.issue('studio-7', '42', ['files:read'])))
