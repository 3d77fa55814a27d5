// Links as their tenant sees them, and what can be said about them.

import {
  granted, maybeSeconds, maybeText, maybeTexts, maybeTime, maybeWhole, options as optionsOf, orNull, text, texts, whole, type Texts, type Time,
} from './arguments'
import { date, hide } from './handle'
import type { EditRow, EventRow, FilterRow, LinkRow, NewLinkRow, PageRow } from './native-types'

export type LinkState = 'active' | 'paused' | 'revoked'

/** A link as its tenant sees it. */
export interface Link extends Pick<LinkRow, 'token' | 'id' | 'tenant' | 'client' | 'label' | 'usesMax' | 'uses' | 'revision'> {
  readonly state: LinkState
  /** When it ends. */
  readonly expiresAt: Date
  /** Until when it can be extended. */
  readonly ceiling: Date
  /** What it grants. */
  readonly permissions: ReadonlySet<string>
  /** What it could grant at most. */
  readonly permissionsCeiling: ReadonlySet<string>
  /** For which resources it is good; `null` for all. */
  readonly resources: ReadonlySet<string> | null
  /** When it was made. */
  readonly createdAt: Date
  /** When it was changed. */
  readonly changedAt: Date
  /** When it was redeemed. */
  readonly lastUsedAt: Date | null
  /** Without the token; sets are lists. Throws nothing. */
  toJSON(): object
}

/** A link that was just made. */
export interface IssuedLink extends Link {
  /** It goes to its holder: it is not shown where the object is printed. */
  readonly token: string
}

/** Some links, the newest first. */
export interface Page extends Omit<PageRow, 'links'> {
  /** At most as many as were asked for. */
  readonly links: readonly Link[]
}

/** One line of a link's history. */
export interface Event extends Omit<EventRow, 'at'> {
  /** When. */
  readonly at: Date
}

/** For some resources alone a link is good by `edit`, or as a copy. */
export interface NewLinkOptions {
  /** For whom it is good. */
  audience?: string | undefined
  /** How long it can live at most, in seconds; as `linkLifetimes` of the deployment says, if nothing is said. */
  lifetime?: number | undefined
  /** What the tenant calls it: 1 to 200 characters. */
  label?: string | undefined
  /** How often it can be redeemed: as often as one likes, if nothing is said. */
  usesMax?: number | undefined
  /** When it ends, if that is before its lifetime is over: it can then be extended. */
  expiresAt?: Time | undefined
}

export interface ListOptions {
  /** Those of one client. */
  client?: string | undefined
  /** Those in this state. */
  state?: LinkState | undefined
  /** Those that end before. */
  expiresBefore?: Time | undefined
  /** Those whose label contains this, in any case of ASCII letters. */
  labelContains?: string | undefined
  /** `next` of the page before. */
  after?: string | undefined
  /** At most 1,000; 100 if nothing is said. */
  limit?: number | undefined
}

/** What is to be changed; what is `undefined` stays as it is. */
export interface Edit {
  /** What the tenant calls it: 1 to 200 characters; `null` takes it away. */
  label?: string | null | undefined
  /** When it ends. */
  expiresAt?: Time | undefined
  /** What it grants. */
  permissions?: Texts | undefined
  /** For which resources it is good; `null` for all. */
  resources?: Texts | null | undefined
  /** How often it can be redeemed; `null` as often as one likes. */
  usesMax?: number | null | undefined
}

const U32 = 2 ** 32 - 1
const NEW = ['audience', 'lifetime', 'label', 'usesMax', 'expiresAt'] as const
const LIST = ['client', 'state', 'expiresBefore', 'labelContains', 'after', 'limit'] as const
const EDIT = ['label', 'expiresAt', 'permissions', 'resources', 'usesMax'] as const

/** @internal */
export function linkOf({ token, label, state, resources, usesMax, lastUsedAt, ...row }: LinkRow): Link {
  const link: Omit<Link, 'token' | 'toJSON'> = {
    ...row,
    label,
    state: state as LinkState,
    expiresAt: date(row.expiresAt),
    ceiling: date(row.ceiling),
    permissions: new Set(row.permissions),
    permissionsCeiling: new Set(row.permissionsCeiling),
    resources: resources === null ? null : new Set(resources),
    usesMax,
    createdAt: date(row.createdAt),
    changedAt: date(row.changedAt),
    lastUsedAt: lastUsedAt === null ? null : date(lastUsedAt),
  }
  hide(link, 'token', token)
  hide(link, 'toJSON', listed)
  return Object.freeze(link) as Link
}

/** A set has nothing in JSON. */
function listed(this: Link): object {
  return Object.fromEntries(Object.entries(this).map(([name, value]) => [name, value instanceof Set ? [...value] : value]))
}

/** @internal */
export function eventOf({ at, ...row }: EventRow): Event {
  return Object.freeze({ ...row, at: date(at) })
}

/** @internal */
export function newLinkRow(tenant: string, client: string, permissions: Texts, options?: NewLinkOptions): NewLinkRow {
  const { audience, lifetime, label, usesMax, expiresAt } = optionsOf('options', options, NEW)
  return {
    tenant: text('tenant', tenant),
    client: text('client', client),
    permissions: granted('permissions', permissions),
    audience: maybeText('audience', audience),
    lifetime: maybeSeconds('lifetime', lifetime),
    label: maybeText('label', label),
    usesMax: maybeWhole('usesMax', usesMax, U32),
    expiresAt: maybeTime('expiresAt', expiresAt),
  }
}

/** @internal */
export function filterRow(options?: ListOptions): FilterRow {
  const { client, state, expiresBefore, labelContains, after, limit = 100 } = optionsOf('options', options, LIST)
  return {
    client: maybeText('client', client),
    state: maybeText('state', state),
    expiresBefore: maybeTime('expiresBefore', expiresBefore),
    labelContains: maybeText('labelContains', labelContains),
    after: maybeText('after', after),
    limit: whole('limit', limit, U32),
  }
}

/** @internal */
export function editRow(edit: Edit): EditRow {
  const { label, expiresAt, permissions, resources, usesMax } = optionsOf('edit', edit, EDIT)
  return {
    hasLabel: label !== undefined,
    label: orNull(label, (value) => text('label', value)),
    expiresAt: maybeTime('expiresAt', expiresAt),
    permissions: maybeTexts('permissions', permissions),
    hasResources: resources !== undefined,
    resources: orNull(resources, (value) => texts('resources', value)),
    hasUsesMax: usesMax !== undefined,
    usesMax: orNull(usesMax, (value) => whole('usesMax', value, U32)),
  }
}
