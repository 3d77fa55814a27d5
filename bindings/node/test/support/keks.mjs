// Directories whose keyring lies under KEKs: the file is written here, from spec/envelope.md section 11. And a KMS on loopback.

import { spawn } from 'node:child_process'
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { EncryptCommand, KMSClient } from '@aws-sdk/client-kms'

const u16 = (number) => Buffer.from([number >> 8, number & 255])
const u32 = (number) => Buffer.from([number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255])
const lp = (bytes) => Buffer.concat([u16(bytes.length), bytes])

function sealed(key, iv, aad, plaintext) {
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(aad)
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

export function opened(key, iv, aad, sealed) {
  const cipher = createDecipheriv('aes-256-gcm', key, iv).setAAD(aad).setAuthTag(sealed.subarray(-16))
  return Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()])
}

/** What the key of a keyring is bound to, of a slot with this head. */
const bindingOf = (deployment, head) => Buffer.concat([Buffer.from('portward/v1/wrap-keyring'), deployment, head].map(lp))
const headOf = (type, id, version) => Buffer.concat([Buffer.from([type, id.length]), id, u32(version)])

/** A key of a PKCS#11 token, which wraps, and which the application asks. */
export class Module {
  constructor(id = 'kek-a', key = randomBytes(32), version = 1) {
    Object.assign(this, { id: Buffer.from(id), key, version })
  }

  async slot(deployment, key) {
    const head = headOf(0x02, this.id, this.version)
    const iv = randomBytes(12)
    return { head, wrapped: Buffer.concat([iv, sealed(this.key, iv, bindingOf(deployment, head), key)]) }
  }

  resolves({ kind, id, version }) {
    return kind === 'pkcs11' && id.equals(this.id) && version === this.version
  }

  async unwrap({ wrapped, binding }) {
    return opened(this.key, wrapped.subarray(0, 12), binding, wrapped.subarray(12))
  }
}

/** A key of AWS KMS, which wraps. `named`: another one, whose id the slot has. */
export class InKms {
  constructor(client, id, named = id) {
    Object.assign(this, { client, id, named })
  }

  async slot(deployment, key) {
    const head = headOf(0x10, Buffer.from(this.named), 0)
    const EncryptionContext = {
      portward: 'portward/v1/wrap-keyring',
      deployment: deployment.toString('hex'),
      binding: createHash('sha256').update(bindingOf(deployment, head)).digest('hex'),
    }
    const { CiphertextBlob } = await this.client.send(new EncryptCommand({ KeyId: this.id, Plaintext: key, EncryptionContext }))
    return { head, wrapped: Buffer.from(CiphertextBlob) }
  }
}

/** `bound`: the deployment that the slots are bound to, if it is another. `key`: of the keyring, which else is drawn. */
export async function putUnder(folder, keyring, keks, { bound, key = randomBytes(32) } = {}) {
  const deployment = Buffer.from(keyring.deployment.id, 'hex')
  const slots = []
  for (const kek of keks) {
    const { head, wrapped } = await kek.slot(bound === undefined ? deployment : Buffer.from(bound, 'hex'), key)
    slots.push(Buffer.concat([head, u16(wrapped.length), wrapped]).toString('base64url'))
  }
  const context = Buffer.concat([Buffer.from('portward/v1/wrapped-keyring\0'), deployment])
  const expanded = (which) => createHmac('sha256', key).update(lp(context)).update(Buffer.from([which, 1])).digest()
  const ciphertext = sealed(expanded(1), Buffer.alloc(12), context, keyring.exportInClear())
  const [commitment, text] = [expanded(2), ciphertext].map((bytes) => bytes.toString('base64url'))
  const file = { format: 'portward-wrapped-keyring', version: 1, deployment: keyring.deployment.id, slots, commitment, ciphertext: text }
  return written(folder, JSON.stringify(file), keyring.deployment.toJson())
}

export async function written(folder, file, deployment) {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(join(folder, 'deployment.json'), deployment)
  await writeFile(join(folder, 'keyring.wrapped.json'), file, { mode: 0o600 })
  return folder
}

/** One that asks once. */
export function client(endpoint, requestTimeout = 20_000) {
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  return new KMSClient({ endpoint, region: 'eu-central-1', credentials, maxAttempts: 1, requestHandler: { requestTimeout, throwOnRequestTimeout: true } })
}

/** Python with `moto`, which `cargo xtask test node` installs. */
export const MOTO = process.env.PORTWARD_TEST_MOTO

/** A KMS on loopback. It does not look at the state of a key. */
export async function moto() {
  const server = spawn(MOTO, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'], { stdio: ['ignore', 'ignore', 'pipe'] })
  const lines = createInterface(server.stderr)
  const endpoint = await new Promise((resolve, reject) => {
    server.once('error', reject).once('exit', () => reject(new Error('moto ended')))
    lines.on('line', (line) => line.includes('Running on ') && resolve(line.split('Running on ')[1].trim()))
  })
  return { endpoint, end: () => server.kill('SIGKILL') }
}
