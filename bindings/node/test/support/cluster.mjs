import cluster from 'node:cluster'
import { once } from 'node:events'
import { changed, open, state } from './shared.mjs'

const { token, id, ...shared } = JSON.parse(process.env.SHARED)

if (cluster.isPrimary) {
  const workers = [1, 2, 3].map(() => cluster.fork())
  const all = async () => (await Promise.all(workers.map((worker) => once(worker, 'message')))).map(([said]) => said)
  const before = await all()
  const after = all()
  const revoked = once(workers[0], 'message').then(() => performance.now())
  for (const worker of workers.slice(1)) worker.send('wait')
  workers[0].send('revoke')
  process.send({ before, after: await after, within: performance.now() - (await revoked) })
  process.disconnect()
} else {
  const store = await open(shared)
  process.send(state(store, token))
  const [order] = await once(process, 'message')
  if (order === 'revoke') await store.revokeLink('studio-7', id)
  process.send(await changed(store, token, 'verified'))
  await store.close()
  process.disconnect()
}
