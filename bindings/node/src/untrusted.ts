import { token as tokenOf } from './access'
import { flag, maybeText, maybeTexts, maybeTime, options as optionsOf, texts, type Texts, type Time } from './arguments'
import { date, Handled } from './handle'
import { native } from './native'
import type { Handle, UntrustedRow } from './native-types'

/** What is taken away from a copy of a link. */
export interface Narrowing {
  /** When it ends. */
  expiresAt?: Time | undefined
  /** Which permissions it keeps; needs `vocabulary`. */
  permissions?: Texts | undefined
  /** For which resources it is good: 1 to 16. */
  resources?: Texts | undefined
  /** For whom it is good. */
  audience?: string | undefined
  /** A label of 1 to 32 printable ASCII characters. */
  recipient?: string | undefined
  /** Whether nobody can narrow it further. */
  seal?: boolean | undefined
  /** The deployment's permission names in their order. */
  vocabulary?: Texts | undefined
}

const NARROWING = ['expiresAt', 'permissions', 'resources', 'audience', 'recipient', 'seal', 'vocabulary'] as const

/** A link in the hands of its holder: what it says can be read, not believed. */
export class UntrustedLink extends Handled<'UntrustedLink'> {
  readonly #handle: Handle<'UntrustedLink'>
  readonly #row: UntrustedRow

  /** Takes a link apart. Errors: `Refused` for a text that is no whole link. */
  constructor(token: string) {
    const handle = native.untrustedParse(tokenOf('token', token))
    super(handle)
    this.#handle = handle
    this.#row = native.untrustedRow(handle)
  }

  /**
   * A copy that grants less, made without a key. What the link does not grant, no copy of it does: narrowed to that alone, it grants nothing. Errors:
   * `InvalidValue` (`sealed`, `too_many_blocks`, `empty_block`, `token_too_long`).
   */
  narrow(narrowing: Narrowing): string {
    const { expiresAt, permissions, resources, audience, recipient, seal, vocabulary } = optionsOf('narrowing', narrowing, NARROWING)
    const row = {
      expiresAt: maybeTime('expiresAt', expiresAt),
      permissions: maybeTexts('permissions', permissions),
      resources: maybeTexts('resources', resources),
      audience: maybeText('audience', audience),
      recipient: maybeText('recipient', recipient),
      seal: flag('seal', seal),
    }
    return native.untrustedNarrow(this.#handle, row, maybeTexts('vocabulary', vocabulary) ?? [])
  }

  /** Whose data. */
  get tenant(): string {
    return this.#row.tenant
  }

  /** Who comes. */
  get client(): string {
    return this.#row.client
  }

  /** When it was made. */
  get issuedAt(): Date {
    return date(this.#row.issuedAt)
  }

  /** When it ends. */
  get expiresAt(): Date {
    return date(this.#row.expiresAt)
  }

  /** What it grants, in the words of a vocabulary; what that lacks is left out. Errors: `InvalidValue` for what is no vocabulary. */
  permissions(vocabulary: Texts): ReadonlySet<string> {
    return new Set(native.untrustedPermissions(this.#handle, texts('vocabulary', vocabulary)))
  }

  /** For which resources it is good; `null` for all. */
  get resources(): ReadonlySet<string> | null {
    return this.#row.resources === null ? null : new Set(this.#row.resources)
  }

  /** For whom it is good; `null` for all. */
  get audience(): string | null {
    return this.#row.audience
  }

  /** What holders wrote on its copies, in their order. */
  get recipients(): readonly string[] {
    return Object.freeze([...this.#row.recipients])
  }

  /** Whether nobody can narrow it further. */
  get isSealed(): boolean {
    return this.#row.isSealed
  }
}
