// The shared vectors, and what the reference says of derivation, as far as peeking needs it: spec/keys.md section 6, spec/redeem.md.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { Deployment, Keyring, PortwardError } from 'portward'

const WHOLE = 2n ** 53n

const FOLDER = new URL('../../../../testkit/vectors/', import.meta.url)

/** The names of all files of vectors. */
export const subjects = () => readdirSync(FOLDER).map((name) => name.replace('.json', ''))

/** Whole numbers above 2⁵³ are BigInt. Node 20 cannot read them, so they are made texts first. */
export function load(subject) {
  const text = readFileSync(new URL(`${subject}.json`, FOLDER), 'utf8')
  const exact = text.replace(/"(?:[^"\\]|\\.)*"|\d{16,}/g, (all) => (all[0] !== '"' && BigInt(all) > WHOLE ? `"n:${all}"` : all))
  return JSON.parse(exact, (_, value) => (typeof value === 'string' && /^n:\d+$/.test(value) ? BigInt(value.slice(2)) : value))
}

/** Those with one of these operations; each once, though its expectation may be changed. */
export function casesOf(subject, ...ops) {
  const cases = load(subject).cases.filter(({ op }) => ops.includes(op))
  for (const op of ops) assert.ok(cases.some((vector) => vector.op === op), `${subject} has no ${op}`)
  return cases
}

/** What comes of it, in the words of a vector. */
export async function outcome(work) {
  try {
    return { ok: await work() }
  } catch (error) {
    if (error instanceof PortwardError || error.code === 'ERR_INVALID_ARG_TYPE') return { error: error.code, public: error.public }
    throw error
  }
}

/** Whether that is what was expected. */
export function check(id, expect, { public: answer, ...found }) {
  assert.deepEqual('public' in expect ? { ...found, public: answer } : found, expect, id)
}

export function bytesOf(file) {
  if (typeof file === 'string') return Buffer.from(file, 'hex')
  if (file.text !== undefined) return Buffer.from(file.text)
  return Buffer.concat(file.parts.map(part))
}

function part({ text, hex, repeat, times }) {
  if (text !== undefined) return Buffer.from(text)
  if (hex !== undefined) return Buffer.from(hex, 'hex')
  if (!repeat.includes('%')) return Buffer.from(repeat.repeat(times))
  const one = (number) => repeat.replaceAll('%', number.toString(16).padStart(8, '0'))
  return Buffer.from(Array.from({ length: times }, (_, number) => one(number)).join(''))
}

/** The fixtures of a file, each made once. */
export function fixtures({ fixtures }) {
  const made = new Map()
  const once = (key, make) => made.get(key) ?? made.set(key, make()).get(key)
  const json = (value) => Buffer.from(JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? Number(v) : v)))
  return {
    deployment: (name) => once(`d ${name}`, () => Deployment.fromJson(json(fixtures.deployments[name]))),
    keyring(name, deployment) {
      return once(`k ${name} ${deployment}`, () => Keyring.fromJson(json(fixtures.keyrings[name]), this.deployment(deployment)))
    },
    root: (keyring, id) => fixtures.keyrings[keyring].roots.find((root) => root.id === id),
    active: (keyring) => fixtures.keyrings[keyring].roots.find((root) => root.state === 'active'),
    deploymentId: (name) => Buffer.from(fixtures.deployments[name].id, 'hex'),
  }
}

const lp = (bytes) => Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])

/** `pwk1_`, then base64url of the key and a CRC-32. */
export const keyOf = (text) => Buffer.from(text.slice(5), 'base64url').subarray(0, 32)

/** derive(root, label, part…), spec/keys.md section 6. */
export function derive(root, deploymentId, label, parts = []) {
  const info = Buffer.concat([Buffer.from(label), deploymentId, ...parts].map(lp))
  // One block of HKDF-Expand.
  return createHmac('sha256', root).update(info).update(Buffer.from([1])).digest()
}
