// Looks at what comes in, before the native part sees it. A wrong type is a `TypeError` that names the argument; a wrong value an `InvalidValue`.

import { fileURLToPath } from 'node:url'
import { types } from 'node:util'
import { InvalidValue } from './errors'

/** A time: a `Date`, or whole Unix seconds. */
export type Time = Date | number

/** 2⁴⁰: what a token can state. */
const SECONDS_MAX = 2 ** 40

export function wrongType(name: string, wanted: string, value: unknown): TypeError {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
  return Object.assign(new TypeError(`${name}: ${wanted} is wanted, not ${kind}`), { code: 'ERR_INVALID_ARG_TYPE' })
}

export function text(name: string, value: unknown): string {
  if (typeof value !== 'string') throw wrongType(name, 'a string', value)
  if (!value.isWellFormed()) throw new InvalidValue(`${name}: half of a surrogate pair is no character`, 'text_malformed')
  return value
}

/** What may be left away. `null` is something: it would be a restriction that is not there. */
export function maybe<T>(value: unknown, check: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : check(value)
}

/** What may be `null`, too, which then says something. */
export function orNull<T>(value: unknown, check: (value: unknown) => T): T | undefined {
  return value === null ? undefined : maybe(value, check)
}

export function maybeText(name: string, value: unknown): string | undefined {
  return maybe(value, (value) => text(name, value))
}

/** Several texts: an array, a `Set`, whatever else gives one after the other. A text is one, and not its letters. */
export type Texts = Iterable<string> & object

/** More names than anybody has: an iterable that does not end is noticed. */
const TEXTS_MAX = 2 ** 20

/** Several texts, of anything that can be iterated but a string, boxed or not. */
export function texts(name: string, value: unknown): string[] {
  if (typeof value !== 'object' || value === null || types.isStringObject(value) || !(Symbol.iterator in value)) throw wrongType(name, 'an iterable of strings', value)
  const all: string[] = []
  for (const item of value as Iterable<unknown>) {
    if (all.length === TEXTS_MAX) throw new InvalidValue(`${name}: at most ${TEXTS_MAX} texts`, 'number_out_of_range')
    all.push(text(name, item))
  }
  return all
}

/** What a new link is to grant: something. */
export function granted(name: string, value: unknown): string[] {
  const names = texts(name, value)
  if (names.length === 0) throw new InvalidValue(`${name}: a link grants at least one`, 'nothing_granted')
  return names
}

export function maybeTexts(name: string, value: unknown): string[] | undefined {
  return maybe(value, (value) => texts(name, value))
}

export function flag(name: string, value: unknown, otherwise = false): boolean {
  if (value === undefined) return otherwise
  if (typeof value !== 'boolean') throw wrongType(name, 'a boolean', value)
  return value
}

/** A whole number. `-1`, `1.5` and `NaN` are none. */
export function whole(name: string, value: unknown, max = Number.MAX_SAFE_INTEGER, min = 0): number {
  if (typeof value !== 'number') throw wrongType(name, 'a number', value)
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new InvalidValue(`${name}: a whole number from ${min} to ${max}`, 'number_out_of_range')
  }
  return value
}

export function maybeWhole(name: string, value: unknown, max?: number): number | undefined {
  return maybe(value, (value) => whole(name, value, max))
}

/** Unix seconds. */
export function time(name: string, value: unknown): number {
  if (types.isDate(value)) return inTime(name, Math.floor(value.getTime() / 1000))
  if (typeof value !== 'number') throw wrongType(name, 'a Date or a number', value)
  return inTime(name, value)
}

export function maybeTime(name: string, value: unknown): number | undefined {
  return maybe(value, (value) => time(name, value))
}

/** A length of time in whole seconds. */
export function seconds(name: string, value: unknown): number {
  if (typeof value !== 'number') throw wrongType(name, 'a number', value)
  return inTime(name, value)
}

export function maybeSeconds(name: string, value: unknown): number | undefined {
  return maybe(value, (value) => seconds(name, value))
}

/** Milliseconds of a short time in seconds, which may have a fraction. One that is not 0 does not become 0. */
export function milliseconds(name: string, value: unknown): number {
  if (typeof value !== 'number') throw wrongType(name, 'a number', value)
  if (!(value >= 0 && value <= 1e9)) throw outOfTime(name)
  return value > 0 ? Math.max(1, Math.round(value * 1000)) : 0
}

function inTime(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > SECONDS_MAX) throw outOfTime(name)
  return value
}

function outOfTime(name: string): InvalidValue {
  return new InvalidValue(`${name}: a time, or a length of time, is from 0 on, and at most 2**40 seconds`, 'time_out_of_range')
}

/**
 * Bytes. They must not change while they are looked at, so no shared ones; those of a detached buffer are gone, and those beyond the end of one
 * that was resized. A view as V8 has it: what an object says of itself in own properties, or by its class, is not asked.
 */
export function bytes(name: string, value: unknown): Uint8Array {
  if (!types.isUint8Array(value)) throw wrongType(name, 'a Buffer or Uint8Array', value)
  const [buffer, from, length] = [bufferOf.call(value), offsetOf.call(value), lengthOf.call(value)]
  if (types.isSharedArrayBuffer(buffer)) throw wrongType(name, 'memory that no other thread can write', value)
  if (length === 0 && isGone(value)) throw wrongType(name, 'a buffer that is not detached, and has not shrunk,', value)
  return new Uint8Array(buffer, from, length)
}

const VIEW = Object.getPrototypeOf(Uint8Array.prototype) as object
const getter = <T>(name: string) => Object.getOwnPropertyDescriptor(VIEW, name)!.get as (this: Uint8Array) => T
const [bufferOf, offsetOf, lengthOf] = [getter<ArrayBufferLike>('buffer'), getter<number>('byteOffset'), getter<number>('length')]
const entriesOf = Uint8Array.prototype.entries

/** Of such a view everything is 0; but it has no entries, not even none. */
function isGone(value: Uint8Array): boolean {
  try {
    entriesOf.call(value)
    return false
  } catch {
    return true
  }
}

export function maybeBytes(name: string, value: unknown): Uint8Array | undefined {
  return maybe(value, (value) => bytes(name, value))
}

export function path(name: string, value: unknown): string {
  return text(name, isUrl(value) ? pathOf(name, value) : value)
}

/** Of whatever realm: each context of `vm`, and jsdom, has a class of its own. */
function isUrl(value: unknown): value is URL {
  return Object.prototype.toString.call(value) === '[object URL]' && typeof (value as URL).href === 'string'
}

/** Of this machine, and a path: not one with `%2F` in a name, or with what is no character. */
function pathOf(name: string, url: URL): string {
  try {
    return fileURLToPath(new URL(url.href))
  } catch {
    throw wrongType(name, 'a path, or a URL of a file', url)
  }
}

/** Names and texts of an object, one after the other. */
export function pairs(name: string, value: unknown): string[] {
  return Object.entries(plain(name, value)).flatMap(([key, item]) => [text(name, key), text(`${name}.${key}`, item)])
}

/** An object that is nothing else: what a Map holds, or a Promise that was not awaited, or a prototype of its own, would not be seen. */
function plain(name: string, value: unknown): object {
  if (typeof value !== 'object' || value === null) throw wrongType(name, 'an object', value)
  const prototype = Object.getPrototypeOf(value) as object | null
  // Of whatever realm: `Object.prototype` is the one that has these itself.
  const isPlain = prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty'))
  if (!isPlain) throw wrongType(name, 'a plain object', value)
  return value
}

/** Nothing, if these are all names of a type. */
type All<T, K extends readonly PropertyKey[]> = [Exclude<keyof T, K[number]>] extends [never] ? unknown : { missing: Exclude<keyof T, K[number]> }

/**
 * An object with these properties, all that its type has, and no others: a misspelt one would be a restriction that is not there. What is given has
 * no prototype: an option is what the caller said, and not what somebody wrote into `Object.prototype`.
 */
export function options<T extends object, const K extends readonly (keyof T & string)[]>(
  name: string,
  value: T | undefined,
  known: K & All<T, K>,
): Partial<T> {
  const told = Object.create(null) as Partial<T>
  if (value === undefined) return told
  const given = plain(name, value) as T
  const unknown = Object.keys(given).find((key) => !(known as readonly string[]).includes(key))
  if (unknown !== undefined) throw new TypeError(`${name}: there is no option ${named(unknown)}`)
  for (const key of known) if (Object.hasOwn(given, key)) told[key] = given[key]
  return told
}

/** What stands in the place of a name may be a secret that got there by mistake, and errors are written into logs. */
function named(option: string): string {
  return /pw[lskn]\d?_/.test(option) ? 'that looks like a token' : JSON.stringify(option.slice(0, 40))
}

export function callable<T>(name: string, value: T): T {
  if (typeof value !== 'function') throw wrongType(name, 'a function', value)
  return value
}

export function maybeCallable<T>(name: string, value: T | undefined): T | undefined {
  return value === undefined ? undefined : callable(name, value)
}

/** What a function of the application gives that is not waited for: of a promise nobody hears the error, and one that nobody hears ends the process. */
export function unheard(given: unknown): void {
  if (types.isPromise(given)) given.catch(() => {})
}

/** An object with these methods, whoever has made it. */
export function having<T extends object>(name: string, methods: readonly (keyof T & string)[], value: unknown): T {
  const isOne = typeof value === 'object' && value !== null && methods.every((method) => typeof (value as Partial<T>)[method] === 'function')
  if (!isOne) throw wrongType(name, `an object with ${methods.join(', ')}`, value)
  return value as T
}

/** As of URLs: of whatever realm. */
export function someSignal(name: string, value: unknown): AbortSignal {
  const isSignal = Object.prototype.toString.call(value) === '[object AbortSignal]' && typeof (value as AbortSignal).aborted === 'boolean'
  if (!isSignal) throw wrongType(name, 'an AbortSignal', value)
  return having<AbortSignal>(name, ['addEventListener', 'removeEventListener', 'throwIfAborted'], value)
}

export function maybeSignal(name: string, value: unknown): AbortSignal | undefined {
  return maybe(value, (value) => someSignal(name, value))
}
