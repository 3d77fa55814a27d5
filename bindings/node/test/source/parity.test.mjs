// Names and options are those of Python, in the words of JavaScript; the codes are those of the core.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import * as portward from 'portward'
import { declared, fieldsOf, parted } from '../support/declarations.mjs'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const read = (path) => readFileSync(join(root, path), 'utf8')
const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())

/** What Python has as classes is here an interface: no methods, only properties. */
const INTERFACES = ['Answer', 'Erasure', 'Event', 'IssuedLink', 'KekSlot', 'Link', 'Page', 'Peeked', 'Recovered', 'Root', 'Token']
/** Of Python alone. */
const LEFT_OUT = { KeyStore: ['__enter__', '__exit__'], Store: ['__enter__', '__exit__'], Range: ['__enter__', '__exit__', '__len__'], Keyring: [], functions: ['before_fork', 'after_fork'] }
/** Of Node alone: what needs no waiting there, and what waits. */
const MORE = {
  Scope: ['sealSync', 'openSync', 'sealStream', 'openStream', 'sealWebStream', 'openWebStream', 'withSignal'],
  Store: ['withSignal'], KeyStore: ['withSignal'], Access: ['toJSON'],
}

const STUB = read('bindings/python/python/portward/_portward.pyi')
/** Every class but those that are made for Python's types alone, with its body. */
const BODIES = [...STUB.matchAll(/^class _?(\w+)(\(.*\))?:.*\n((?: {4}.*\n|\n)*)/gm)].filter(([, , of]) => !of?.includes('Protocol'))

function stub() {
  const methodsOf = (body) => [...body.matchAll(/^ {4}def (\w+)\(/gm)].map(([, method]) => method).filter((method) => method !== '__new__')
  const classes = Object.fromEntries(BODIES.map(([, name, , body]) => [name, methodsOf(body)]))
  return { classes, functions: [...STUB.matchAll(/^def (\w+)\(/gm)].map(([, name]) => name) }
}

function membersOf(type, own) {
  const statics = Object.getOwnPropertyNames(type).filter((name) => !['length', 'name', 'prototype'].includes(name))
  const methods = Object.getOwnPropertyNames(type.prototype).filter((name) => name !== 'constructor')
  return [...new Set([...statics, ...methods, ...own])]
}

test('every class and method of Python is here, and no other', () => {
  const { classes, functions } = stub()
  assert.equal(Object.keys(classes).length, 25)
  // Properties that the constructor sets.
  const own = { Scope: ['tenant', 'name'], Range: ['length'], Portal: ['path'], Store: ['deployment'], Exchange: ['question', 'token', 'cookie', 'nonce'] }
  for (const [name, methods] of Object.entries(classes)) {
    if (INTERFACES.includes(name)) {
      assert.equal(portward[name], undefined)
      continue
    }
    const wanted = methods.filter((method) => !(LEFT_OUT[name] ?? []).includes(method)).map(camel)
    assert.deepEqual(membersOf(portward[name], own[name] ?? []).sort(), [...new Set([...wanted, ...(MORE[name] ?? [])])].sort(), name)
  }
  const here = functions.filter((name) => !LEFT_OUT.functions.includes(name))
  assert.deepEqual(here, ['index_bits'])
  for (const name of here) assert.equal(typeof portward[camel(name)], 'function')
})

test('interfaces have the properties of the classes of Python', () => {
  const text = declared()
  const { classes } = stub()
  for (const name of INTERFACES) {
    const properties = fieldsOf(text, name).filter(({ isReadonly }) => isReadonly).map(({ name }) => name)
    // It is a `Link` in both.
    const wanted = name === 'IssuedLink' ? [...classes.Link, ...classes[name]] : classes[name]
    assert.deepEqual(properties.sort(), wanted.map(camel).sort(), name)
  }
})

/** Of a method of Python, what has to be told by its name. */
function keywords(body, method) {
  const parameters = parted(body, body.search(new RegExp(`def ${method}\\(`)) + `def ${method}`.length, ',')
  const [, ...named] = parameters.slice(parameters.indexOf('*') < 0 ? parameters.length : parameters.indexOf('*'))
  return named.filter((parameter) => !parameter.startsWith('**')).map((parameter) => camel(parameter.split(':')[0]))
}

test('options are the keywords of Python', () => {
  const text = declared()
  /** What goes by position there, is one thing here, or is of Node alone. */
  const APART = {
    Scope: { seal: ['more'], open: ['more'], sealFile: ['more', 'signal'], openFile: ['more', 'signal'], openRange: ['more'] },
    Keyring: { open: ['signal'] },
    Exchange: { peeked: ['nonce', 'cookie', 'expiresAt'] },
  }
  let compared = 0
  const compare = (owner, name, signature, wanted) => {
    const last = parted(text, signature, ',').at(-1) ?? ''
    const [, type] = last.match(/^(?:options|edit|narrowing|size|peeked)\??: (.*)$/s) ?? []
    const there = type === undefined ? [] : fieldsOf(text, type).map(({ name }) => name)
    const apart = Object.hasOwn(APART[owner] ?? {}, name) ? APART[owner][name] : []
    assert.deepEqual(there.sort(), [...new Set([...wanted, ...apart])].sort(), `${owner}.${name}`)
    compared += there.length
  }
  for (const [, name, , body] of BODIES) {
    if (INTERFACES.includes(name)) continue
    const start = text.search(new RegExp(`export declare class ${name} `))
    const end = text.indexOf('\n}\n', start)
    for (const [, method] of body.matchAll(/^ {4}def (\w+)\(/gm)) {
      const here = method === '__new__' ? 'constructor' : camel(method)
      const found = text.slice(start, end).match(new RegExp(`^ {4}(?:static )?${here}\\(`, 'm'))
      if (found !== null) compare(name, here, start + found.index + found[0].length - 1, keywords(body, method))
    }
  }
  const bits = 'export declare function indexBits'
  compare('', 'indexBits', text.indexOf(bits) + bits.length, keywords(STUB, 'index_bits'))
  assert.ok(compared > 60, `${compared}`)
})

test('the errors are those of Python', () => {
  const names = [...read('bindings/python/python/portward/_errors.py').matchAll(/^class (\w+)\((\w+)/gm)]
  assert.deepEqual(names.map(([, name]) => name).sort(), Object.keys(portward).filter((name) => portward[name].prototype instanceof Error).sort())
  for (const [, name, parent] of names) {
    assert.equal(Object.getPrototypeOf(portward[name].prototype).constructor.name, parent.replace('Exception', 'Error'), name)
  }
})

const sources = (path) => readdirSync(join(root, path)).filter((name) => /\.(rs|ts)$/.test(name)).map((name) => read(join(path, name))).join('\n')

/** Of each code the errors that carry it, as the bridge's own test has listed them. */
const codes = (listing) => new Map(listing.trimEnd().split('\n').map((line) => line.split(' ')).map(([code, ...kinds]) => [code, kinds]))

/** What is made here: the class, and the code. */
function madeIn(text) {
  const ofRust = { invalid: 'InvalidValue', failed: 'Unavailable' }
  const inRust = [...text.matchAll(/\b(invalid|failed)\(\s*"(\w+)"/g)].map(([, name, code]) => [ofRust[name], code])
  const inTs = [...text.matchAll(/new (Refused|Unreadable|InvalidValue|Unavailable|PortwardError)\(\s*(?:'[^']*'|`[^`]*`),\s*'(\w+)'/g)].map(([, type, code]) => [type, code])
  return [...inRust, ...inTs]
}

const LISTING = 'bindings/codes.txt'
test('every code that is made here is one of the core under the same error, or known to be of this package', () => {
  /** Of values that only a language without their types can be given, of columns of texts, and of the gates. */
  const OWN = {
    ...{ aws_kms_key_id: 'InvalidValue', text_malformed: 'InvalidValue', number_out_of_range: 'InvalidValue', time_out_of_range: 'InvalidValue' },
    ...{ text_not_utf8: 'Unreadable', internal: 'PortwardError' },
  }
  const core = codes(read(LISTING))
  const isKnown = ([type, code]) => OWN[code] === type || (core.get(code) ?? []).includes(type)
  const [ts, rust] = ['src', 'native'].map((folder) => madeIn(sources(join('bindings/node', folder))))
  // The control: nobody is believed by a code alone.
  assert.deepEqual([['InvalidValue', 'closed'], ['Refused', 'closed'], ['InvalidValue', 'no_such_code']].map(isKnown), [true, false, false])
  assert.ok(ts.length > 8 && rust.length > 8, `${ts.length}, ${rust.length}`)
  assert.deepEqual([...ts, ...rust].filter((made) => !isKnown(made)), [])
})

test('what of AWS KMS may go well another time is what the core says', () => {
  const passing = (path) => read(path).match(/const PASSING\b[^=]*=\s*&?\[([^\]]*)\]/)[1].match(/\w+Exception/g).sort()
  assert.deepEqual(passing('bindings/node/src/aws-kms.ts'), passing('crates/portward-kms/src/aws/error.rs'))
})
