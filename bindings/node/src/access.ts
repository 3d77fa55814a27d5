import { orNull, text } from './arguments'
import { InvalidValue, Refused, told } from './errors'
import { checkMade, date, made } from './handle'
import { Deployment } from './keyring'
import { native } from './native'

/** @internal Who verified a token, and can do it again. */
export interface Origin {
  readonly deployment: Deployment
}

/** @internal */
export let accessOf: (packed: string, token: string, origin: Origin, at: number | undefined) => Access
/** @internal The token that an access is of; only for the verifier that believed it. */
export let believed: (access: Access) => { token: string; origin: Origin; at: number | undefined }

const resourceErrors = new WeakSet<object>()

/** @internal Whether an access threw this of a resource that is no identifier. The same of another call is a mistake of the application's. */
export function isOfResource(error: unknown): boolean {
  return error instanceof InvalidValue && resourceErrors.has(error)
}

/** So much of a packed access has its place, the rest are lines. */
const FIXED = 120

/** A token is 1,024 characters at most. What is longer is refused for that, and need not be copied. */
const TOKEN_MAX = 1024

/** @internal Also of what came along with one. */
export function token(name: string, value: unknown): string {
  if (typeof value !== 'string') return text(name, value)
  return value.length > TOKEN_MAX ? value.slice(0, TOKEN_MAX + 1) : value
}

/** What a token that was believed grants. Only a verifier makes one. */
export class Access {
  readonly #packed: string
  readonly #token: string
  readonly #origin: Origin
  readonly #at: number | undefined

  static {
    accessOf = (packed, token, origin, at) => {
      // `!`: an error.
      if (packed.charCodeAt(0) === 33) throw told(packed)
      return new Access(made, packed, token, origin, at)
    }
    believed = (access) => ({ token: access.#token, origin: access.#origin, at: access.#at })
  }

  private constructor(key: symbol, packed: string, token: string, origin: Origin, at: number | undefined) {
    if (key !== made) checkMade(key, 'Access')
    this.#packed = packed
    this.#token = token
    this.#origin = origin
    this.#at = at
  }

  /** Tenant, client, audience, resources, copies, recipients: see `packed` in the bridge. */
  #line(place: number): string {
    let from = FIXED
    for (let line = 0; line < place; line++) from = this.#packed.indexOf('\n', from) + 1
    const end = this.#packed.indexOf('\n', from)
    return this.#packed.slice(from, end < 0 ? undefined : end)
  }

  #list(place: number): readonly string[] {
    const list = this.#line(place)
    return Object.freeze(list === '' ? [] : list.split('\t'))
  }

  /** `null` for all. */
  #resources(): string[] | null {
    const resources = this.#line(3)
    if (resources === '-') return null
    return resources.length > 1 ? resources.slice(1).split('\t') : []
  }

  /**
   * Whether the permission is granted, on this resource if one is stated. A token that is restricted to resources grants nothing where none
   * is stated. Throws `Refused` if it is not: `permission_denied`, also of a permission that there is not, `resource_required`, `resource_denied`;
   * `InvalidValue` for a resource that is no identifier.
   */
  require(permission: string, resource?: string | null): void {
    text('permission', permission)
    const deployment = Deployment.handleOf('deployment', this.#origin.deployment)
    try {
      const of = orNull(resource, (value) => text('resource', value))
      native.accessRequire(deployment, this.#packed.slice(104, FIXED), this.#resources(), permission, of)
    } catch (error) {
      if (error instanceof InvalidValue) resourceErrors.add(error)
      // Whose access it was that did not suffice.
      throw error instanceof Refused ? new Refused(error.message, error.code, error.public, this.tokenId) : error
    }
  }

  /** Whether `require` would let it pass. Throws `InvalidValue` for a resource that is no identifier. */
  allows(permission: string, resource?: string | null): boolean {
    try {
      this.require(permission, resource)
      return true
    } catch (error) {
      if (error instanceof Refused) return false
      throw error
    }
  }

  get kind(): 'link' | 'session' {
    return this.#packed.startsWith('l') ? 'link' : 'session'
  }

  /** Whose data. */
  get tenant(): string {
    return this.#line(0)
  }

  /** Who comes. */
  get client(): string {
    return this.#line(1)
  }

  /** For whom it is good; `null` for all. */
  get audience(): string | null {
    return this.#line(2) === '' ? null : this.#line(2)
  }

  /** What it grants. Ask with `require` instead of looking here. */
  get permissions(): ReadonlySet<string> {
    const bits = BigInt(`0x${this.#packed.slice(104, FIXED)}`)
    return new Set(this.#origin.deployment.permissions.filter((_, bit) => (bits >> BigInt(bit)) & 1n))
  }

  /** For which resources; `null` for all. */
  get resources(): ReadonlySet<string> | null {
    const resources = this.#resources()
    return resources === null ? null : new Set(resources)
  }

  get issuedAt(): Date {
    return date(Number(this.#packed.slice(65, 78)))
  }

  get expiresAt(): Date {
    return date(Number(this.#packed.slice(78, 91)))
  }

  /** The token's own id: what to write into logs, and what to revoke. A copy of a link has the link's: what revokes the copy is the last of `copies`. */
  get tokenId(): string {
    return this.#packed.slice(1, 33)
  }

  /** The id of the link that it is or comes from. */
  get linkId(): string {
    return this.#packed.slice(33, 65)
  }

  /** The revision of its link that a session was made under; 0 of a link. */
  get linkRevision(): number {
    return Number(this.#packed.slice(91, 104))
  }

  /** The ids of the copies on its way, the last of which is the one that came. */
  get copies(): readonly string[] {
    return this.#list(4)
  }

  /** What holders wrote on its copies. Not evidence. */
  get recipients(): readonly string[] {
    return this.#list(5)
  }

  /** Without the token. Throws nothing. */
  toJSON(): object {
    const { kind, tenant, client, tokenId, expiresAt } = this
    return { kind, tenant, client, tokenId, expiresAt }
  }
}
