/**
 * KEKs in AWS KMS, asked by a client of the application's: `npm install @aws-sdk/client-kms`.
 *
 * @packageDocumentation
 */

import { DecryptCommand, type DecryptCommandOutput, type KMSClient } from '@aws-sdk/client-kms'
import { having, text, texts, wrongType } from './arguments'
import { InvalidValue, type PortwardError, Unavailable } from './errors'
import { because, type KekSlot } from './kek'

/** What KMS says of passing failures, with whatever status, as portward-kms has it. */
const PASSING = ['ThrottlingException', 'DependencyTimeoutException', 'KMSInternalException', 'KeyUnavailableException']

/**
 * Symmetric keys of the client's account and region. Region, credentials, timeouts and attempts are the client's; the SDK waits for long if it is not
 * told otherwise. The identity needs `kms:Decrypt` on the key.
 */
export class AwsKms {
  readonly #client: KMSClient
  readonly #keyIds: ReadonlySet<string>

  /** `keyIds`: no aliases, which may come to mean another key, and no ARNs. Errors: `InvalidValue` (`aws_kms_key_id`). */
  constructor(client: KMSClient, keyIds: string | Iterable<string>) {
    this.#client = having('client', ['send'], client)
    this.#keyIds = new Set(typeof keyIds === 'string' ? [text('keyIds', keyIds)] : texts('keyIds', keyIds))
    for (const id of this.#keyIds) {
      if (!/^[A-Za-z0-9-]{1,64}$/.test(id)) throw new InvalidValue('keyIds: not a key id of AWS KMS', 'aws_kms_key_id')
    }
  }

  /** Whether the slot is of one of these keys. Asks nobody. Throws nothing. */
  resolves(slot: KekSlot): boolean {
    return slot.kind === 'aws-kms' && this.#keyIds.has(slot.id.toString('latin1'))
  }

  /**
   * The key in a slot that it resolves. Asks the service, and waits as long as the client does. Errors: `Unavailable` (`kek_unavailable` if it cannot
   * be reached, `kek_refused` if it does not unwrap); the `cause` is what the client was rejected with.
   */
  async unwrap(slot: KekSlot, signal?: AbortSignal): Promise<Uint8Array> {
    const id = slot.id.toString('latin1')
    const answer: unknown = await this.#decrypt(id, slot, signal)
    if (typeof answer !== 'object' || answer === null) throw wrongType('client.send', 'an answer', answer)
    const { Plaintext: key, KeyId: answered } = answer as DecryptCommandOutput
    // The service names the key by its ARN.
    if (key === undefined || answered?.split(':key/').at(-1) !== id) {
      key?.fill(0)
      throw refused()
    }
    return key
  }

  async #decrypt(id: string, slot: KekSlot, signal: AbortSignal | undefined): Promise<DecryptCommandOutput> {
    const command = new DecryptCommand({
      KeyId: id,
      CiphertextBlob: slot.wrapped,
      EncryptionContext: { ...slot.encryptionContext },
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    })
    try {
      return await this.#client.send(command, signal === undefined ? {} : { abortSignal: signal })
    } catch (error) {
      // Its words are the cause, and go no further.
      throw because(error, passes(error) ? new Unavailable('the provider of the KEK cannot be reached', 'kek_unavailable', 'unavailable') : refused())
    }
  }
}

function refused(): PortwardError {
  return new Unavailable('the provider of the KEK refused', 'kek_refused', 'unavailable')
}

/** As the SDK tells it: with the status of an answer, where older versions have that too; else by the system's code, or its own name. */
interface Failure {
  readonly name?: unknown
  readonly code?: unknown
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly statusCode?: number }
}

function passes(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { name, code, $metadata, $response }: Failure = error
  const status = $metadata?.httpStatusCode ?? $response?.statusCode
  if (status !== undefined) return status >= 500 || status === 429 || PASSING.includes(String(name))
  return name === 'TimeoutError' || /^E[A-Z]+$/.test(String(code))
}
