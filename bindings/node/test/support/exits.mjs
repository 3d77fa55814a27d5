import { Keyring } from 'portward'
import { open } from './shared.mjs'

const store = await open(JSON.parse(process.env.SHARED))
const keyring = Keyring.generate()
const work = []
for (let turn = 0; turn < 20; turn++) {
  work.push(store.issue('studio-7', '42', ['files:read']))
  work.push(keyring.seal(Buffer.from('takes a second')))
}
const leave = () => {
  console.log('leaving')
  process.exit(0)
}
const after = Number(process.argv[2])
Promise.all(work).then(Number.isNaN(after) ? leave : () => {})
if (!Number.isNaN(after)) setTimeout(leave, after)
