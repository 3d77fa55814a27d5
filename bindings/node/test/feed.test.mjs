// The shared vectors of revocation: views, feeds and published lists, followed by a `Follower`. The challenge of a live answer is in the vector, and
// a follower draws its own: so answers are written again with that one. The wall clock is told (`at`); the steady clock is the process's, so a view
// that a vector has aged is of a follower that believes an answer for a millisecond.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Follower } from 'portward'
import { store } from './support/fixtures.mjs'
import { challengeOf, isLive, messageOf, rewritten, scopeWire } from './support/messages.mjs'
import { bytesOf, casesOf, check, fixtures, load, outcome } from './support/vectors.mjs'

const [SHORT, USUAL] = [0.001, 30]
const vectors = load('revocation')
const made = fixtures(vectors)

/** What all followers of a vector have in common. */
async function begun({ keyring, deployment, scope }) {
  const [own, tenants] = [made.keyring(keyring, deployment), scope === 'all' ? undefined : scope]
  const reference = { roots: vectors.fixtures.keyrings[keyring].roots, deploymentId: made.deploymentId(deployment), scope: await scopeWire(own, tenants) }
  const follower = (sort, highest) => {
    if (sort === 'list') return Follower.ofLists(own, { tenants, highest })
    return new Follower(own, { tenants, highest, maxStaleness: sort === 'short' ? SHORT : USUAL })
  }
  const following = (sort, highest) => ({ sort, follower: follower(sort, highest), challenges: new Map() })
  return { following, rewrite: (message, challenges) => rewritten(message, { ...reference, challenges }) }
}

/** The last moment that can be told here stands for all that are later. */
const momentOf = (now) => (now > 2 ** 40 ? 2 ** 40 : now)

function verified(follower, { kind, token, now }) {
  follower[kind === 'link' ? 'verifyLink' : 'verifySession'](token, { at: momentOf(now) })
  return {}
}

/** Whether the steady clock of the vector says so. */
const isOld = ({ monotonic, mode }, sentAt) => sentAt !== undefined && !(monotonic >= sentAt && BigInt(monotonic) - BigInt(sentAt) <= BigInt(mode.live_max_staleness))

/** `export` is of the core: nothing here writes the records of a view. Nor does anything `collect` what has ended, which no answer shows. */
const NOT_ASKED = ['export', 'collect']

test('revocation: feed', { timeout: 300_000 }, async () => {
  const asked = {}
  const count = (what) => (asked[what] = (asked[what] ?? 0) + 1)
  for (const { id, steps, ...vector } of casesOf('revocation', 'feed')) {
    const { following, rewrite } = await begun(vector)
    // What follows lists has never asked, so where somebody asks it is not there.
    const sorts = ['usual', 'short', ...(steps.some(({ challenge }) => challenge !== undefined) ? [] : ['list'])]
    let all = sorts.map((sort) => following(sort))
    let [pending, held] = []
    for (const [number, step] of steps.entries()) {
      const name = `${id}, ${number}`
      if (step.challenge !== undefined) {
        pending = step.sent_at
        for (const { follower, challenges } of all) challenges.set(step.challenge, challengeOf(await follower.request()))
      } else if (step.message !== undefined) {
        const message = Buffer.from(step.message, 'hex')
        for (const { follower, challenges, sort } of all) {
          const accepted = async () => ({ sequence: BigInt((await follower.accept(rewrite(message, challenges), { at: momentOf(step.now) })).split(':')[1]) })
          const { ok, ...refused } = step.expect
          check(`${name}, ${sort}`, ok === undefined ? refused : { ok: { sequence: BigInt(ok.sequence) } }, await outcome(accepted))
        }
        if (step.expect.ok !== undefined && isLive(message)) held = pending
        count('message')
      } else if (step.restart) {
        all = all.map(({ sort, follower }) => following(sort, follower.highest ?? undefined))
        held = undefined
      } else if (step.check !== undefined) {
        const sort = step.check.mode === 'list' ? 'list' : isOld(step.check, held) ? 'short' : 'usual'
        const one = all.find((one) => one.sort === sort)
        if (one === undefined) {
          count('a list beside an answer')
          continue
        }
        if (sort === 'short') await sleep(3)
        check(name, step.expect, await outcome(() => verified(one.follower, step.check)))
        count(`check, ${sort}`)
      } else {
        assert.ok(NOT_ASKED.some((what) => what in step), name)
      }
    }
  }
  const { message, ...checks } = asked
  assert.ok(message > 1000, `${message}`)
  assert.ok(checks['check, list'] > 60 && checks['check, usual'] > 200 && checks['check, short'] > 10, JSON.stringify(checks))
  assert.equal(checks['a list beside an answer'], 21)
})

/** One that has this view. */
async function withView({ keyring, deployment, audience, skew, mode, monotonic }, view) {
  const own = made.keyring(keyring, deployment)
  const options = { tenants: view.scope === 'all' ? undefined : view.scope, audience, skew }
  const reference = { root: made.active(keyring), deploymentId: made.deploymentId(deployment), scope: await scopeWire(own, options.tenants) }
  if (mode === 'list') {
    const { message, at } = messageOf(view, reference)
    const follower = Follower.ofLists(own, options)
    await follower.accept(message, { at })
    return follower
  }
  const isShort = isOld({ monotonic, mode }, view.evidence.live_sent_at)
  const follower = new Follower(own, { ...options, maxStaleness: isShort ? SHORT : Math.max(USUAL, Math.min(Number(mode.live_max_staleness) / 1000, 1e9)) })
  const { message, at } = messageOf(view, { ...reference, challenge: challengeOf(await follower.request()) })
  await follower.accept(message, { at })
  if (isShort) await sleep(3)
  return follower
}

test('revocation: verify_link and verify_session', { timeout: 300_000 }, async () => {
  let beside = 0
  for (const vector of casesOf('revocation', 'verify_link', 'verify_session')) {
    const view = vectors.fixtures.views[vector.view]
    if (vector.mode === 'list' && view.evidence.live_sent_at !== undefined) {
      beside += 1
      continue
    }
    const follower = await withView(vector, view)
    const { ok, ...refused } = vector.expect
    const found = await outcome(() => verified(follower, { ...vector, kind: vector.op.replace('verify_', '') }))
    check(vector.id, ok === undefined ? refused : { ok: {} }, found)
  }
  // What follows lists takes no answer, so no view of one has come that way.
  assert.ok(beside > 0 && beside < 5, `${beside}`)
})

test('revocation: feed_request', async () => {
  const { store: links } = await store()
  for (const { id, request: told, expect } of casesOf('revocation', 'feed_request')) {
    const request = typeof told === 'string' ? Buffer.from(told, 'hex') : bytesOf(told)
    const found = await outcome(() => links.answer(request))
    if (expect.error !== undefined) {
      check(id, expect, found)
      continue
    }
    // What is answered shows what was read: the scope, and the challenge of whoever asks.
    assert.ok(Buffer.isBuffer(found.ok), `${id}: ${found.error}`)
    const scope = request.subarray(4, expect.ok.since === null ? -17 : -41)
    const [from, to] = [41, 41 + scope.length]
    assert.ok(found.ok.subarray(from, to).equals(scope), id)
    assert.equal(found.ok.subarray(to + 80, to + 96).toString('hex'), expect.ok.challenge, id)
  }
})

test('a forged message that is written again stays forged', async () => {
  const isOne = ({ steps: [first, second] }) => first.challenge !== undefined && second?.message !== undefined && second.expect.ok !== undefined
  const { steps: [asked, told], ...vector } = casesOf('revocation', 'feed').find(isOne)
  const { following, rewrite } = await begun(vector)
  const message = Buffer.from(told.message, 'hex')
  const forged = Buffer.concat([message.subarray(0, -1), Buffer.of(message.at(-1) ^ 1)])
  const found = []
  for (const sent of [message, forged]) {
    const { follower, challenges } = following('usual')
    challenges.set(asked.challenge, challengeOf(await follower.request()))
    found.push((await outcome(() => follower.accept(rewrite(sent, challenges), { at: told.now }))).error)
  }
  assert.deepEqual(found, [undefined, 'forged_message'])
})
