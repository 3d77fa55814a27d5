// A keyring under a KEK is opened by a provider of the application's, and whatever that does, an error says so and no more.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { Deployment, InvalidValue, Keyring, Refused, Unavailable } from 'portward'
import { code, directory } from './support/fixtures.mjs'
import { Module, putUnder } from './support/keks.mjs'

const WORDS = 's3cr3t words of the provider'
const ids = ({ roots }) => roots.map(({ id }) => id)
const rejecting = (error) => async () => {
  throw error
}

async function under(...keks) {
  const [module] = keks.length > 0 ? keks : (keks = [new Module()])
  const keyring = Keyring.generate()
  return { module, keyring, folder: await putUnder(join(await directory(), 'keys'), keyring, keks) }
}

/** As the module, but for what is told. */
function provider(module, told) {
  return { resolves: (slot) => module.resolves(slot), unwrap: (slot) => module.unwrap(slot), ...told }
}

test('it opens, and a slot says what it is bound to', async () => {
  const { module, keyring, folder } = await under()
  const seen = []
  const opened = await Keyring.open(folder, { kek: provider(module, { resolves: (slot) => seen.push(slot) > 0 }) })
  assert.deepEqual(opened.exportInClear(), keyring.exportInClear())
  const [{ kind, id, version, wrapped, binding, encryptionContext }] = seen
  assert.deepEqual([kind, id.toString(), version, wrapped.length, seen.length], ['pkcs11', 'kek-a', 1, 60, 1])
  assert.ok(binding.includes('portward/v1/wrap-keyring') && binding.includes(Buffer.from(keyring.deployment.id, 'hex')))
  assert.deepEqual(Object.keys(encryptionContext).sort(), ['binding', 'deployment', 'portward'])
  assert.equal(encryptionContext.deployment, keyring.deployment.id)
  assert.ok(Object.isFrozen(seen[0]) && Object.isFrozen(encryptionContext))
})

test('a provider that gives no key', async () => {
  const { module, folder } = await under()
  const throwing = (error) => () => {
    throw error
  }
  const cases = [
    [{ unwrap: rejecting(new RangeError(WORDS)) }, 'unwrap_failed', Unavailable],
    [{ unwrap: throwing(new RangeError(WORDS)) }, 'unwrap_failed', Unavailable],
    [{ unwrap: rejecting(new Unavailable(WORDS, 'kek_refused')) }, 'unwrap_failed', Unavailable],
    [{ unwrap: rejecting(new Refused(WORDS, 'kek_unavailable')) }, 'unwrap_failed', Unavailable],
    [{ unwrap: rejecting(new Unavailable(WORDS, 'kek_unavailable')) }, 'kek_unavailable', Unavailable],
    [{ unwrap: rejecting(undefined) }, 'unwrap_failed', Unavailable],
    [{ resolves: throwing(new Error(WORDS)) }, 'unwrap_failed', Unavailable],
    [{ resolves: () => false }, 'kek_required', InvalidValue],
    [{ unwrap: async () => new Uint8Array(31) }, 'unwrap_failed', Unavailable],
    [{ unwrap: async () => Buffer.alloc(33) }, 'unwrap_failed', Unavailable],
    [{ unwrap: async () => new Uint8Array() }, 'unwrap_failed', Unavailable],
    [{ unwrap: async () => new Uint8Array(32) }, 'wrapped_damaged', InvalidValue],
  ]
  for (const [told, expected, type] of cases) {
    const error = await Keyring.open(folder, { kek: provider(module, told) }).then(assert.fail, (error) => error)
    assert.deepEqual([error.code, error.constructor], [expected, type])
    const { cause, ...rest } = Object.fromEntries(Object.getOwnPropertyNames(error).map((name) => [name, error[name]]))
    assert.ok(!inspect(rest).includes(WORDS) && !String(error).includes(WORDS))
    if (cause !== undefined) assert.equal(cause.message, WORDS)
    await Keyring.open(folder, { kek: module })
  }
  const { cause } = await Keyring.open(folder, { kek: provider(module, { unwrap: rejecting(new Error(WORDS)) }) }).catch((error) => error)
  assert.equal(cause.message, WORDS)
})

test('an answer of a wrong type is a TypeError', async () => {
  const { module, folder } = await under()
  for (const answer of ['k'.repeat(32), undefined, null, 7, [...Buffer.alloc(32)], new ArrayBuffer(32), new Uint16Array(16), new Uint8Array(new SharedArrayBuffer(32))]) {
    await assert.rejects(Keyring.open(folder, { kek: provider(module, { unwrap: async () => answer }) }), { name: 'TypeError', message: /^kek\.unwrap: / })
  }
  // A promise would be true.
  for (const answer of [Promise.resolve(false), 1, undefined, 'true']) {
    await assert.rejects(Keyring.open(folder, { kek: { resolves: () => answer, unwrap: assert.fail } }), { name: 'TypeError', message: /^kek\.resolves: / })
  }
  await assert.rejects(Keyring.open(folder, { kek: { resolves: async () => assert.fail('late'), unwrap: assert.fail } }), { name: 'TypeError' })
  for (const kek of [{}, module.key, 'pkcs11:token=x', Module, { resolves: () => true }]) {
    await assert.rejects(Keyring.open(folder, { kek }), { name: 'TypeError', message: /^kek: / })
  }
  await Keyring.open(folder, { kek: module })
})

test('a key is overwritten, whatever came of it', async () => {
  const { module, folder } = await under()
  const [slot] = await new Promise((resolve) => Keyring.open(folder, { kek: { resolves: (...slots) => (resolve(slots), false), unwrap: assert.fail } }).catch(() => {}))
  const right = async () => new Uint8Array(await module.unwrap(slot))
  const [shared, long, other] = [new Uint8Array(new SharedArrayBuffer(32)).fill(7), new Uint8Array(33).fill(7), new Uint8Array(32).fill(7)]
  const own = Object.defineProperties(await right(), { fill: { value: assert.fail }, length: { value: 0 } })
  const opens = async (key) => Keyring.open(folder, { kek: provider(module, { unwrap: async () => key }) }).then(() => true, () => false)
  for (const [key, isRight] of [[await right(), true], [own, true], [shared, false], [long, false], [other, false]]) {
    assert.ok(Buffer.from(key.buffer).some((byte) => byte !== 0), 'the control')
    assert.equal(await opens(key), isRight)
    assert.ok(Buffer.from(key.buffer).every((byte) => byte === 0))
  }
  const gone = new Uint8Array(32)
  structuredClone(gone, { transfer: [gone.buffer] })
  await assert.rejects(Keyring.open(folder, { kek: provider(module, { unwrap: async () => gone }) }), { name: 'TypeError', message: /^kek\.unwrap: / })
})

test('the next KEK is asked only if the first is away', async () => {
  const [first, second] = [new Module('kek-a'), new Module('kek-b')]
  const { keyring, folder } = await under(first, second)
  const asked = []
  const failing = (error) => ({
    resolves: () => true,
    async unwrap(slot) {
      asked.push(slot.id.toString())
      if (slot.id.equals(first.id)) throw error
      return second.unwrap(slot)
    },
  })
  assert.deepEqual(ids(await Keyring.open(folder, { kek: failing(new Unavailable(WORDS, 'kek_unavailable')) })), ids(keyring))
  assert.equal(await code(() => Keyring.open(folder, { kek: failing(new Error()) })), 'unwrap_failed')
  assert.deepEqual(asked, ['kek-a', 'kek-b', 'kek-a'])
  assert.deepEqual(ids(await Keyring.open(folder, { kek: second })), ids(keyring), 'whoever has the second alone')
})

test('what is kept in another way, and without a provider', async () => {
  const { module, keyring, folder } = await under()
  const passphrase = Buffer.from('correct horse')
  assert.equal(await code(() => Keyring.open(folder)), 'kek_required')
  assert.equal(await code(() => Keyring.open(folder, { passphrase })), 'kek_required')
  assert.deepEqual(ids(await Keyring.open(folder, { passphrase, kek: module })), ids(keyring))
  assert.equal(passphrase.toString(), 'correct horse', 'what is the caller\'s stays')

  // Whoever can write the directory could put a keyring of their own into it in the clear.
  const other = await directory()
  await Keyring.create(join(other, 'clear'))
  assert.equal(await code(() => Keyring.open(join(other, 'clear'), { kek: module })), 'keyring_lock')
  const sealed = await Keyring.create(join(other, 'sealed'), { passphrase })
  assert.equal(await code(() => Keyring.open(join(other, 'sealed'), { kek: module })), 'passphrase_required')
  assert.equal(await code(() => Keyring.open(join(other, 'absent'), { kek: module })), 'file_missing')
  // The passphrase is the caller's to wipe as soon as the call is back.
  const mine = Buffer.from(passphrase)
  const opening = Keyring.open(join(other, 'sealed'), { kek: module, passphrase: mine })
  mine.fill(0)
  assert.deepEqual(ids(await opening), ids(sealed))
})

test('of another deployment', async () => {
  const { module, keyring, folder } = await under()
  const other = Deployment.generate()
  // The deployment is in what the slot is bound to, and in the file.
  const bound = await putUnder(join(await directory(), 'keys'), keyring, [module], { bound: other.id })
  assert.equal(await code(() => Keyring.open(bound, { kek: module })), 'unwrap_failed')
  await Keyring.open(folder, { kek: module })
  await writeFile(join(folder, 'deployment.json'), other.toJson())
  assert.equal(await code(() => Keyring.open(folder, { kek: module })), 'keyring_wrong_deployment')
})

test('what becomes of the directory meanwhile changes nothing', async () => {
  const { module, keyring, folder } = await under()
  const unwrap = async (slot) => {
    await rm(folder, { recursive: true })
    return module.unwrap(slot)
  }
  assert.deepEqual(ids(await Keyring.open(folder, { kek: provider(module, { unwrap }) })), ids(keyring))
  assert.equal(await code(() => Keyring.open(folder, { kek: module })), 'file_missing')
})

test('the key is overwritten', async () => {
  const [module, key] = [new Module(), randomBytes(32)]
  const folder = await putUnder(join(await directory(), 'keys'), Keyring.generate(), [module], { key })
  for (const [given, expected] of [[Uint8Array.from(key), 'nothing was thrown'], [key.subarray(1), 'unwrap_failed']]) {
    assert.equal(await code(() => Keyring.open(folder, { kek: provider(module, { unwrap: async () => given }) })), expected)
    assert.deepEqual(given, given.map(() => 0))
  }
})

test('while a provider thinks, timers go on; one that never answers is left by the signal', async () => {
  const { module, keyring, folder } = await under()
  let ticks = 0
  const timer = setInterval(() => (ticks += 1), 5)
  const slow = provider(module, {
    async unwrap(slot) {
      while (ticks <= 10) await sleep(5)
      return module.unwrap(slot)
    },
  })
  assert.deepEqual(ids(await Keyring.open(folder, { kek: slow })), ids(keyring))

  let told
  const never = provider(module, { unwrap: (slot, signal) => ((told = signal), new Promise(() => {})) })
  const signal = AbortSignal.timeout(2000)
  ticks = 0
  await assert.rejects(Keyring.open(folder, { kek: never, signal }), { name: 'TimeoutError' })
  assert.ok(ticks > 10, `${ticks}`)
  assert.equal(told, signal)
  await assert.rejects(Keyring.open(folder, { kek: module, signal }), { name: 'TimeoutError' }, 'it is over')
  assert.deepEqual(ids(await Keyring.open(folder, { kek: module, signal: new AbortController().signal })), ids(keyring))
  clearInterval(timer)
})
