// Node's `crypto`: what all peers of it are made of.

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

export const CONTEXT = Buffer.from('acme|files.content|1204')
export const KEY = randomBytes(32)
export const [CHUNK, TAG, SALT, COMMITMENT] = [16384, 16, 24, 32]

export function sealWith(key, nonce, plaintext) {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  return [cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]
}

export function openWith(key, nonce, sealed) {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce)
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG))
  return [decipher.update(sealed.subarray(0, sealed.length - TAG)), decipher.final()]
}

export function derive(salt) {
  const bytes = Buffer.from(hkdfSync('sha512', KEY, salt, CONTEXT, 76))
  return { key: bytes.subarray(0, 32), nonce: bytes.subarray(32, 44), commitment: bytes.subarray(44) }
}

export function numbered(nonce, chunk) {
  const own = Buffer.from(nonce)
  own.writeUInt32BE((own.readUInt32BE(8) ^ chunk) >>> 0, 8)
  return own
}
