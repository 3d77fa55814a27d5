// Every argument and every option of everything that is public is given wrong types: each is a TypeError that names it. What is public is read
// from the declarations, so a new call, or a new option of one, has to be told in support/calls.mjs.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as portward from 'portward'
import * as awsKms from 'portward/aws-kms'
import * as drizzle from 'portward/drizzle'
import * as forExpress from 'portward/express'
import * as forFastify from 'portward/fastify'
import * as forWeb from 'portward/web'
import { calls } from './support/calls.mjs'
import { callsOf, declared, fieldsOf, functionsOf } from './support/declarations.mjs'
import { directory } from './support/fixtures.mjs'

/** What frameworks and `Keyring.open` call, and not whoever uses them. */
const OF_FRAMEWORKS = ['AwsKms#resolves', 'AwsKms#unwrap', 'WebPortal#hono', 'portward/drizzle sealed', 'portward/drizzle sealedBlob']

const MODULES = { portward, 'portward/aws-kms': awsKms, 'portward/drizzle': drizzle, 'portward/express': forExpress, 'portward/fastify': forFastify, 'portward/web': forWeb }
const TEXT = declared()

/** The name of each call, with its parameters. */
function public_() {
  const isClass = (value) => typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value))
  const ofModule = ([module, exports]) =>
    Object.entries(exports).flatMap(([name, value]) => {
      if (!isClass(value)) return [[module === 'portward' ? name : `${module} ${name}`, parametersOf(module, name)]]
      const all = callsOf(TEXT, 'export declare class', name)
      // An error is made as its base is.
      const isOurs = Object.getPrototypeOf(value) === portward.PortwardError || Object.getPrototypeOf(value) === portward.InputError
      return isOurs ? [...all, [`new ${name}`, callsOf(TEXT, 'export declare class', 'PortwardError')[0][1]]] : all
    })
  const interfaces = ['ExpressPortal', 'FastifyInstance', 'WebPortal'].flatMap((name) => callsOf(TEXT, 'interface', name))
  return new Map([...Object.entries(MODULES).flatMap(ofModule), ...interfaces])
}

function parametersOf(module, name) {
  const of = name === 'portward' ? ['portward/express', 'portward/fastify', 'portward/web'].indexOf(module) : 0
  return functionsOf(TEXT, name)[of] ?? []
}

const OBJECTS = [7, 'text', null, true, {}, [], Symbol('x')]
const TEXTS = [7, 7n, true, {}, ['text'], Buffer.from('text'), new String('text'), Symbol('x'), () => 'text']
const NUMBERS = ['7', 7n, true, {}, [7], new Number(7), Symbol('x')]
const TIMES = [...NUMBERS, '2030-01-01', { getTime: () => 7 }]
const detached = new Uint8Array(4)
structuredClone(detached.buffer, { transfer: [detached.buffer] })
const BYTES = [detached, 'text', 7, {}, [1, 2], new ArrayBuffer(4), new DataView(new ArrayBuffer(4)), new Uint16Array(4), new Uint8Array(new SharedArrayBuffer(4))]
const LISTS = ['text', 7, {}, [7], [null], ['text', {}], new String('text'), new Map([['a', 'b']]), Symbol('x')]
const FLAGS = [0, 1, 'true', {}, [], new Boolean(true)]
const PATHS = [...TEXTS, ...['https://portal.example/file', 'file:///a%ff', 'file:///a%2Fb', 'file://host/a'].map((url) => new URL(url))]
const FUNCTIONS = [7, 'text', {}, []]
const RECORDS = [7, 'text', true, ['text'], new Map([['key', 'text']]), { key: 7 }, { key: null }]
const PLAIN = [7, 'text', true, Symbol('x')]

/** What is wrong for a type of the declarations. `null` is, unless it is one of its words; `undefined` is, unless it may be left away. */
const WRONG = {
  string: TEXTS, number: NUMBERS, boolean: FLAGS, Time: TIMES, Uint8Array: BYTES, AbortSignal: OBJECTS, PublicAnswer: TEXTS, LinkState: TEXTS,
  "'exact' | 'ascii-lowercase' | 'digits'": TEXTS, 'string | URL': PATHS, 'string | URL | Uint8Array | RangeSource': [7, true, {}, [1], { read: () => {} }, { stat: () => {} }, new URL('https://portal.example/file')],
  Value: TEXTS, Index: TEXTS, InTable: OBJECTS,
  Texts: LISTS, PageTexts: RECORDS, 'string | Iterable<string>': LISTS.slice(1), 'readonly string[]': LISTS, 'Readonly<Record<string, string>>': RECORDS,
  ...Object.fromEntries(['Access', 'Deployment', 'FastifyInstance', 'IncomingMessage', 'KekProvider', 'Keyring', 'KMSClient', 'Links', 'Portal', 'Request', 'Scope', 'Sealed', 'Sessions', 'Store'].map((name) => [name, OBJECTS])),
}

function wrongFor({ type, isOptional }) {
  const words = type.replace(/^\((\(.*\) => .*)\)( \| undefined)?$/, '$1').replace(/ \| undefined$/, '')
  const isNull = / \| null$/.test(words)
  const values = / => /.test(words) ? FUNCTIONS : (WRONG[words.replace(/ \| null$/, '')] ?? assert.fail(`what is wrong for ${type}?`))
  const more = [...(isNull ? [] : [null]), ...(isOptional || isNull ? [] : [undefined])]
  return [...values.filter((value) => value !== null), ...more]
}

/** A row for each thing that is put in the place of something: the values of the call, what the error may name, and what was put. */
function* replaced(parameters, values, wrongFor, whole) {
  for (const [place, parameter] of parameters.entries()) {
    const fields = fieldsOf(TEXT, parameter.type)
    for (const wrong of fields === null ? wrongFor(parameter) : whole(fields)) {
      // Where all of it is left away, it is what has to be told that is missing.
      const names = fields !== null && wrong === undefined ? [parameter.name, ...fields.map(({ name }) => name)] : [parameter.name]
      yield [values.with(place, wrong), names, wrong]
    }
    for (const field of fields ?? []) {
      for (const wrong of wrongFor(field)) yield [values.with(place, { ...values[place], [field.name]: wrong }), [field.name], wrong]
    }
  }
}

const noObject = (fields) => [...PLAIN, null, ...(fields.every(({ isOptional }) => isOptional) ? [] : [undefined])]

/** Values of the right type that are none: what a native part would take for another number, or another text. */
const UNFIT = {
  number: [-1, 1.5, NaN, Infinity, 2 ** 53], Time: [-1, 1.5, NaN, 2 ** 53, new Date(NaN)],
  string: ['half \ud800'], Value: ['half \ud800'], Index: ['half \ud800'], 'string | URL': ['half \ud800'], 'string | URL | Uint8Array | RangeSource': ['half \ud800'], Texts: [['half \ud800']], 'readonly string[]': [['half \ud800']],
}
/** These may have a fraction. */
const FRACTIONS = ['maxStaleness', 'follow']

function unfitFor({ name, type }) {
  const all = UNFIT[type.replace(/ \| (?:null|undefined)/g, '')] ?? []
  return FRACTIONS.includes(name) ? all.filter((value) => value !== 1.5) : all
}

test('the calls are those that are declared, with all of their arguments and options', async () => {
  const wanted = public_()
  const told = new Map((await calls(await directory())).map(([name, , values]) => [name, values]))
  for (const name of OF_FRAMEWORKS) assert.ok(wanted.delete(name) && !told.has(name), name)
  assert.deepEqual([...told.keys()].sort(), [...wanted.keys()].sort())
  assert.ok(wanted.size > 100, `${wanted.size}`)
  for (const [name, parameters] of wanted) {
    const values = await told.get(name)()
    assert.equal(values.length, parameters.length, name)
    for (const [place, { type }] of parameters.entries()) {
      const fields = fieldsOf(TEXT, type)
      if (fields !== null) assert.deepEqual(Object.keys(values[place]).sort(), fields.map(({ name }) => name).sort(), name)
    }
  }
})

test('a wrong type, in the place of any argument, is a TypeError that names it', { timeout: 300_000 }, async () => {
  const wanted = public_()
  let asked = 0
  const wrongs = []
  for (const [name, call, values] of await calls(await directory())) {
    for (const [put, names, wrong] of replaced(wanted.get(name), await values(), wrongFor, noObject)) {
      asked += 1
      let came
      try {
        came = await call(...put)
      } catch (error) {
        if (error instanceof TypeError && names.some((argument) => new RegExp(`^${argument}[:.]`).test(error.message))) continue
        came = `${error?.name}: ${error?.message}`
      }
      wrongs.push(`${name}, ${names[0]} = ${typeof wrong} ${String(wrong)}: ${String(came)}`)
    }
    // With nothing in the place of anything it is right.
    await call(...(await values()))
  }
  assert.deepEqual(wrongs, [])
  assert.ok(asked > 1500, `${asked}`)
})

test('a number that is none, and half of a surrogate pair, in the place of any argument, are refused', { timeout: 300_000 }, async () => {
  const wanted = public_()
  let asked = 0
  const wrongs = []
  for (const [name, call, values] of await calls(await directory())) {
    // Texts of errors are whatever who makes one says.
    if (/^new \w*(?:Error|Refused|Unreadable|InvalidValue|Unavailable)$/.test(name)) continue
    for (const [put, [argument], wrong] of replaced(wanted.get(name), await values(), unfitFor, () => [])) {
      asked += 1
      try {
        wrongs.push(`${name}, ${argument} = ${String(wrong)}: ${String(await call(...put))}`)
      } catch (error) {
        const isNamed = error.name === 'InvalidValue' && /_out_of_range$|^text_malformed$/.test(error.code) && error.message.startsWith(`${argument}:`)
        // A token is whatever came: it is damaged.
        const isDamaged = error instanceof portward.PortwardError && error.public === 'damaged'
        if (!isNamed && !isDamaged) wrongs.push(`${name}, ${argument} = ${String(wrong)}: ${error.name} ${error.code} ${error.message}`)
      }
    }
  }
  assert.deepEqual(wrongs, [])
  assert.ok(asked > 300, `${asked}`)
})

test('no method takes another object for its own', async () => {
  const objects = new Map((await calls(await directory())).filter(([, , , object]) => object !== undefined).map(([, , , object]) => [object.constructor, object]))
  let asked = 0
  for (const [type, object] of objects) {
    for (const [name, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(type.prototype))) {
      // What it has to tell is read from it.
      if (['constructor', 'toJSON'].includes(name)) continue
      for (const receiver of [{}, Object.create(object), Object.create(type.prototype)]) {
        asked += 1
        await assert.rejects(async () => Reflect.apply(get ?? value, receiver, []), TypeError, `${type.name}#${name}`)
      }
    }
  }
  assert.ok(asked > 200, `${asked}`)
})
