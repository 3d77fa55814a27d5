// What every class around a handle has in common.

import { wrongType } from './arguments'
import type { Handle } from './native-types'

/** Known in here only: with it, and not without, objects are made that no caller may make. */
export const made = Symbol('portward')

/** Refuses a constructor that is not for callers. */
export function checkMade(key: unknown, name: string): void {
  if (key !== made) throw new TypeError(`${name} is not made by its constructor`)
}

export abstract class Handled<Name extends string> {
  readonly #handle: Handle<Name>

  /** @internal */
  protected constructor(handle: Handle<Name>) {
    this.#handle = handle
  }

  /** @internal The handle of an argument, which has to be an object of this class that was really made. */
  static handleOf<Name extends string>(
    this: { prototype: Handled<Name>; name: string },
    name: string,
    value: unknown,
  ): Handle<Name> {
    const isOurs = typeof value === 'object' && value !== null && #handle in value
    if (!isOurs || !(this.prototype.isPrototypeOf(value))) throw wrongType(name, `a ${this.name}`, value)
    return (value as unknown as Handled<Name>).#handle
  }
}

/** Gives an object a property that is not shown where it is printed, hidden properties neither unless getters are asked for. */
export function hide(object: object, name: string, value: unknown): void {
  // Of no prototype, as options: an inherited `value` beside `get` would be no description.
  Object.defineProperty(object, name, { __proto__: null, get: () => value, enumerable: false } as PropertyDescriptor)
}

/** Unix seconds as JavaScript has times. */
export function date(seconds: number): Date {
  return new Date(seconds * 1000)
}
