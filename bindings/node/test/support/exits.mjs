import { Keyring } from 'portward'
import { open } from './shared.mjs'

const store = await open(JSON.parse(process.env.SHARED))
const keyring = Keyring.generate()
for (let turn = 0; turn < 20; turn++) {
  store.issue('studio-7', '42', ['files:read']).catch(() => {})
  keyring.seal(Buffer.from('takes a second')).catch(() => {})
}
setTimeout(() => {
  console.log('leaving')
  process.exit(0)
}, Number(process.argv[2]))
