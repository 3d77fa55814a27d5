// `portward/aws-kms` and a KMS on loopback, by the SDK of AWS: `moto`, and a server of lies.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { Deployment, InvalidValue, Keyring } from 'portward'
import { AwsKms } from 'portward/aws-kms'
import { code, directory } from './support/fixtures.mjs'
import { client, InKms, Module, moto, MOTO, putUnder } from './support/keks.mjs'

const WORDS = 's3cr3t words of the provider'
const ID = '1234abcd-12ab-34cd-56ef-1234567890ab'
const keyring = Keyring.generate()
const skip = !MOTO && 'no PORTWARD_TEST_MOTO: see README'

/** The codes of an error, of what is behind it, and so on. */
const causes = (error) => (error === undefined ? [] : [error.code ?? error.name, ...causes(error.cause)])
const refused = (folder, kek) => Keyring.open(folder, { kek }).then(() => assert.fail('it opened'), (error) => error)
const under = async (kek, options) => putUnder(join(await directory(), 'keys'), keyring, [kek], options)

test('a keyring under a key of the service', { skip, timeout: 300_000 }, async () => {
  const { endpoint, end } = await moto()
  after(end)
  const kms = client(endpoint)
  const newKey = async () => (await kms.send(new CreateKeyCommand({}))).KeyMetadata.KeyId
  const [id, other] = [await newKey(), await newKey()]
  const folder = await under(new InKms(kms, id))
  assert.deepEqual((await Keyring.open(folder, { kek: new AwsKms(kms, id) })).exportInClear(), keyring.exportInClear())
  await Keyring.open(folder, { kek: new AwsKms(kms, [other, id]) })
  // Keys that the application did not name are not asked, though the client might.
  assert.equal((await refused(folder, new AwsKms(kms, other))).code, 'kek_required')
  assert.equal((await refused(await under(new Module(id, undefined, 0)), new AwsKms(kms, id))).code, 'kek_required')

  const all = new AwsKms(kms, [id, other, ID])
  for (const [kek, options] of [[new InKms(kms, other, id)], [new InKms(kms, id, ID)], [new InKms(kms, id), { bound: Deployment.generate().id }]]) {
    assert.deepEqual(causes(await refused(await under(kek, options), all)).slice(0, 2), ['unwrap_failed', 'kek_refused'])
  }
  await Keyring.open(folder, { kek: all })
})

const KEY = Buffer.from(Array.from({ length: 32 }, (_, place) => place))
const [REFUSED, AWAY] = [['unwrap_failed', 'kek_refused'], ['kek_unavailable', 'kek_unavailable']]
const told = (status, body) => (_, response) => response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.1' }).end(body)
const failed = (status, __type) => told(status, JSON.stringify({ __type, message: WORDS }))
const given = (key, id) => told(200, JSON.stringify({ Plaintext: key.toString('base64'), KeyId: `arn:aws:kms:eu-central-1:111122223333:key/${id}` }))

/** A slot of a key of the service; what is in it is not looked at. */
const named = {
  async slot(deployment, key) {
    const { head, wrapped } = await new Module(ID, undefined, 0).slot(deployment, key)
    head[0] = 0x10
    return { head, wrapped }
  },
}

test('what the service may answer', { timeout: 300_000 }, async () => {
  let answer, asked
  const server = createServer(async (request, response) => {
    asked = JSON.parse(Buffer.concat(await request.toArray()))
    answer(request, response)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${server.address().port}`
  const kek = new AwsKms(client(endpoint), ID)
  const folder = await under(named, { key: KEY })
  for (const [answers, expected] of [
    [given(KEY, 'another'), REFUSED],
    [given(KEY.subarray(1), ID), ['unwrap_failed']],
    [given(Buffer.from(KEY).reverse(), ID), ['wrapped_damaged']],
    [told(200, '{}'), REFUSED],
    [told(200, JSON.stringify({ KeyId: ID })), REFUSED],
    [told(200, '<html>'), REFUSED],
    [failed(400, 'DisabledException'), [...REFUSED, 'DisabledException']],
    [failed(400, 'KMSInvalidStateException'), REFUSED],
    [failed(400, 'AccessDeniedException'), REFUSED],
    [failed(400, 'InvalidCiphertextException'), REFUSED],
    [failed(400, 'ThrottlingException'), AWAY],
    [failed(400, 'DependencyTimeoutException'), AWAY],
    [failed(500, 'KMSInternalException'), AWAY],
    [failed(500, 'KeyUnavailableException'), AWAY],
    [told(503, '<html>'), AWAY],
    [told(429, ''), AWAY],
    [(request) => request.socket.destroy(), AWAY],
  ]) {
    answer = answers
    const error = await refused(folder, kek)
    assert.deepEqual(causes(error).slice(0, expected.length), expected, String(answers))
    assert.ok(![error, error.cause].some((told) => `${told?.message}`.includes(WORDS)))
    answer = given(KEY, ID)
    assert.deepEqual((await Keyring.open(folder, { kek })).roots, keyring.roots)
  }
  const { CiphertextBlob, EncryptionContext, ...more } = asked
  assert.deepEqual(more, { KeyId: ID, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' })
  assert.deepEqual([Buffer.from(CiphertextBlob, 'base64').length, Object.keys(EncryptionContext).sort()], [60, ['binding', 'deployment', 'portward']])
  answer = () => {}
  assert.deepEqual(causes(await refused(folder, new AwsKms(client(endpoint, 200), ID))).slice(0, 2), AWAY, 'in time')
  // A signal ends the call.
  const controller = new AbortController()
  const over = new Promise((resolve) => {
    answer = ({ socket }) => {
      socket.once('close', resolve)
      controller.abort()
    }
  })
  await assert.rejects(Keyring.open(folder, { kek, signal: controller.signal }), { name: 'AbortError' })
  // By itself the client gives up later.
  await Promise.race([over, sleep(15_000, undefined, { ref: false }).then(() => assert.fail('the call goes on'))])
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  assert.deepEqual(causes(await refused(folder, kek)).slice(0, 2), AWAY, 'nobody is there')
})

test('what is no answer of a client is named in the cause', async () => {
  const folder = await under(named, { key: KEY })
  for (const answer of [undefined, null, 'text']) {
    const { code: told, cause } = await refused(folder, new AwsKms({ send: async () => answer }, ID))
    assert.deepEqual([told, cause.name, /^client\.send: an answer/.test(cause.message)], ['unwrap_failed', 'TypeError', true])
  }
  await Keyring.open(folder, { kek: new AwsKms({ send: async () => ({ Plaintext: Buffer.from(KEY), KeyId: ID }) }, ID) })
  const other = Buffer.from(KEY)
  await refused(folder, new AwsKms({ send: async () => ({ Plaintext: other, KeyId: 'other' }) }, ID))
  assert.ok(other.every((byte) => byte === 0), 'of another key, and overwritten')
})

test('a key is named by its id', async () => {
  for (const wrong of ['', 'alias/keyring', `arn:aws:kms:eu-central-1:111122223333:key/${ID}`, 'k'.repeat(65), 'ä']) {
    for (const ids of [wrong, [ID, wrong]]) assert.equal(await code(() => new AwsKms(client('http://127.0.0.1:9'), ids)), 'aws_kms_key_id')
  }
  assert.throws(() => new AwsKms(client('http://127.0.0.1:9'), ['alias/keyring']), InvalidValue)
  new AwsKms(client('http://127.0.0.1:9'), [ID, 'k'.repeat(64)])
})
