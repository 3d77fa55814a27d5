// The names are those of Python, in the words of JavaScript; the codes are those of the core.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import * as portward from 'portward'
import { raw } from '../dist/native.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const read = (path) => readFileSync(join(root, path), 'utf8')
const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())

/** What Python has as classes is here an interface: no methods, only properties. */
const INTERFACES = ['Answer', 'Erasure', 'Event', 'Link', 'Page', 'Peeked', 'Recovered', 'Root', 'Token']
/** Of Python alone. */
const LEFT_OUT = { KeyStore: ['__enter__', '__exit__'], Store: ['__enter__', '__exit__'], Range: ['__enter__', '__exit__', '__len__'], Keyring: [], functions: ['before_fork', 'after_fork'] }
/** Of Node alone: what needs no waiting there, and what waits. */
const MORE = {
  Scope: ['sealSync', 'openSync', 'sealStream', 'openStream', 'sealWebStream', 'openWebStream', 'withSignal'],
  Store: ['withSignal'], KeyStore: ['withSignal'], Access: ['toJSON'],
}

function stub() {
  const text = read('bindings/python/python/portward/_portward.pyi')
  const classes = {}
  for (const [, name, body] of text.matchAll(/@final\nclass (\w+):\n((?: {4}.*\n|\n)*)/g)) {
    classes[name] = [...body.matchAll(/^ {4}def (\w+)\(/gm)].map(([, method]) => method).filter((method) => method !== '__new__')
  }
  return { classes, functions: [...text.matchAll(/^def (\w+)\(/gm)].map(([, name]) => name) }
}

function membersOf(type, own) {
  const statics = Object.getOwnPropertyNames(type).filter((name) => !['length', 'name', 'prototype'].includes(name))
  const methods = Object.getOwnPropertyNames(type.prototype).filter((name) => name !== 'constructor')
  return [...new Set([...statics, ...methods, ...own])]
}

test('every class and method of Python is here, and no other', () => {
  const { classes, functions } = stub()
  assert.equal(Object.keys(classes).length, 23)
  // Properties that the constructor sets.
  const own = { Scope: ['tenant', 'name'], Range: ['length'], Portal: ['path'], Store: ['deployment'], Exchange: ['question', 'token', 'cookie', 'nonce'] }
  for (const [name, methods] of Object.entries(classes)) {
    if (INTERFACES.includes(name)) {
      assert.equal(portward[name], undefined)
      continue
    }
    const wanted = methods.filter((method) => !(LEFT_OUT[name] ?? []).includes(method)).map(camel)
    assert.deepEqual(membersOf(portward[name], own[name] ?? []).sort(), [...wanted, ...(MORE[name] ?? [])].sort(), name)
  }
  const here = functions.filter((name) => !LEFT_OUT.functions.includes(name))
  assert.deepEqual(here, ['index_bits'])
  for (const name of here) assert.equal(typeof portward[camel(name)], 'function')
})

test('interfaces have the properties of the classes of Python', () => {
  const declared = readdirSync(join(root, 'bindings/node/dist')).filter((name) => name.endsWith('.d.ts'))
  const text = declared.map((name) => read(`bindings/node/dist/${name}`)).join('\n')
  const { classes } = stub()
  for (const name of INTERFACES) {
    const [, body] = text.match(new RegExp(`export interface ${name} \\{\\n([^}]*)\\}`)) ?? []
    const properties = [...(body ?? '').matchAll(/^ {4}readonly (\w+)/gm)].map(([, property]) => property)
    assert.deepEqual(properties.sort(), classes[name].map(camel).sort(), name)
  }
})

test('the errors are those of Python', () => {
  const names = [...read('bindings/python/python/portward/_errors.py').matchAll(/^class (\w+)\((\w+)/gm)]
  assert.deepEqual(names.map(([, name]) => name).sort(), Object.keys(portward).filter((name) => portward[name].prototype instanceof Error).sort())
  for (const [, name, parent] of names) {
    assert.equal(Object.getPrototypeOf(portward[name].prototype).constructor.name, parent.replace('Exception', 'Error'), name)
  }
})

function sources(path) {
  return readdirSync(join(root, path)).flatMap((name) => {
    const inner = join(path, name)
    return statSync(join(root, inner)).isDirectory() ? sources(inner) : /\.(rs|ts)$/.test(name) ? [read(inner)] : []
  })
}

test('every code that is made here is one of the core, or known to be of a binding', () => {
  /** Of values that only a language without their types can be given. */
  const OWN = ['text_malformed', 'number_out_of_range', 'time_out_of_range', 'internal', 'session_missing']
  const core = ['crates'].flatMap(sources).join('\n')
  const here = [...sources('bindings/node/src'), ...sources('bindings/node/native')].join('\n')
  const made = [...here.matchAll(/(?:new \w+\(\s*[`'"][^`]*?[`'"],\s*|invalid\(\s*|failed\(|AlreadyExists => failed\()["']([a-z]+_[a-z_]+|internal|closed)["']/g)]
  assert.ok(made.length > 8, `${made.length}`)
  for (const [, code] of made) assert.ok(OWN.includes(code) || core.includes(`"${code}"`), code)
})

test('the native part has what is declared of it, and nothing else', () => {
  const declared = [...read('bindings/node/src/native-types.ts').matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name)
  const there = Object.keys(raw).filter((name) => !name.startsWith('provoke'))
  assert.deepEqual(there.sort(), declared.sort())
})
