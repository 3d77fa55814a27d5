// The story of `portward quickstart`, in JavaScript: it ends with the attack failing.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Keyring, KeyStore, Store, UntrustedLink } from 'portward'

const say = (text) => console.log(`\n${text}`)
const directory = await mkdtemp(join(tmpdir(), 'portward-quickstart-'))

say('A new deployment: one directory, one root key.')
const keyring = await Keyring.create(join(directory, 'portward'))
console.log(keyring.roots)

say('A store for links, in a file; on PostgreSQL for many machines.')
const store = await Store.open(`sqlite:${join(directory, 'links.db')}`, keyring, { create: true })

say('The studio makes a link for its client 42. Nobody needs a password.')
const permissions = ['files:read', 'messages:send', 'invoices:read']
const link = await store.issue('studio-7', '42', permissions, { label: 'the contract' })
console.log(link.token)

say('The client comes with the link, and it is verified: microseconds, and no database.')
const access = store.verifyLink(link.token)
console.log(access.tenant, access.client, [...access.permissions])

say('What was not granted is denied.')
console.log(refusal(() => access.require('files:delete')))

say('The client makes a smaller copy for a lawyer, without asking anybody.')
const copy = new UntrustedLink(link.token).narrow({
  permissions: ['files:read'],
  expiresAt: new Date(Date.now() + 7 * 86_400_000),
  recipient: 'the lawyer',
  vocabulary: keyring.deployment.permissions,
})
const narrowed = store.verifyLink(copy)
console.log([...narrowed.permissions], narrowed.recipients)

say('The lawyer wants more, and writes another permission into the copy.')
const forged = copy.slice(0, 60) + (copy[60] === 'A' ? 'B' : 'A') + copy.slice(61)
console.log(refusal(() => store.verifyLink(forged)))

say('The browser redeems the link: a session, for a quarter of an hour.')
const { nonce, cookie } = store.peek(link.token)
const session = await store.redeem(link.token, cookie, nonce)
console.log(session.expiresAt)

say('A contract is sealed, for this tenant and this row.')
const keys = await KeyStore.open(`sqlite:${join(directory, 'keys.db')}`, keyring, { feed: store, create: true })
await keys.newTenant('studio-7')
await keys.newTenant('studio-8')
const files = keys.scope('studio-7', 'file:contents')
const object = await files.seal(Buffer.from('the contract'), { name: 'files.content', id: '1204' })
console.log((await files.open(object, { name: 'files.content', id: '1204' })).toString())

say('Put into another row, it does not open.')
console.log(await refusal(() => files.open(object, { name: 'files.content', id: '1205' })))

say('The link went to the wrong address. It is revoked, with its copy and its session.')
await store.revokeLink('studio-7', link.id)
for (const token of [link.token, copy]) console.log(refusal(() => store.verifyLink(token)))
console.log(refusal(() => store.verifySession(session.token)))

say('What happened to it can be looked up.')
console.log((await store.history('studio-7', link.id)).map(({ kind }) => kind))

await keys.close()
await store.close()
await rm(directory, { recursive: true })

/** The code that it is refused with; it must be. */
function refusal(work) {
  const code = (error) => {
    if (error.code === undefined) throw error
    return `refused: ${error.code}`
  }
  try {
    const done = work()
    if (done instanceof Promise) return done.then(passed, code)
  } catch (error) {
    return code(error)
  }
  return passed()
}

function passed() {
  throw new Error('it was let pass')
}
