// What is said of a method, and of the native function under it: the same units, and the same codes of errors. And of every call what it throws.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { exported, sources } from '../../scripts/native-types.mjs'

const here = fileURLToPath(new URL('../..', import.meta.url))
const texts = readdirSync(join(here, 'src')).map((file) => readFileSync(join(here, 'src', file), 'utf8'))
const source = texts.join('\n')
const codes = readFileSync(join(here, '..', 'codes.txt'), 'utf8').split('\n').map((line) => line.split(' ')[0])
const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())
const WORDS = String.raw`\/\*\*((?:(?!\*\/)[^])*)\*\/\n`

/** Units and codes in a text. A time in Unix seconds is a `Date` here. */
function factsIn(text) {
  const words = text.replace(/\n *\*? */g, ' ').replace(/Unix seconds/g, '')
  const units = [...words.matchAll(/\b(?:milli)?(second|byte|bit)s?\b/g)].map(([, unit]) => unit)
  return [...new Set([...units, ...[...words.matchAll(/`(\w+)`/g)].map(([, code]) => code).filter((code) => codes.includes(code))])].sort()
}

/** Words of an interface, of its fields, and of what it extends. */
function ofInterface(name, text) {
  const found = text.match(new RegExp(`(?:${WORDS})?export interface ${name} (?:extends ([^{]+) )?\\{\\n([^}]*)\\n\\}`))
  if (!found) return ''
  const [, doc = '', parents = '', body] = found
  return `${doc} ${body.replace(/^ *[^ /*].*$/gm, '')} ${ofTypes(parents, text)}`
}

const ofTypes = (types, text) => [...types.matchAll(/\b[A-Z]\w+/g)].map(([name]) => ofInterface(name, text)).join(' ')

/** Of each method that has words and calls one native function: its name, that function's, and the facts about it. */
function methodsIn(text) {
  const methods = text.matchAll(new RegExp(`^  ${WORDS}  (?:static |async |get )*(\\w+)(\\((?:.*|\\n(?: {4}.*\\n)+  \\).*)) \\{\\n((?:(?: {4}.*)?\\n)*?)  \\}\\n`, 'gm'))
  return [...methods].flatMap(([, doc, name, signature, body]) => {
    const called = new Set([...body.matchAll(/\b(?:native|raw)\.(\w+)\(/g)].map(([, call]) => call))
    return called.size === 1 ? [{ name, native: [...called][0], facts: factsIn(`${doc} ${ofTypes(signature, text)}`) }] : []
  })
}

/** What the application's provider of a KEK fails with, which the native part does not call; and what that is not asked for. */
const APART = { keyringOpen: ['kek_unavailable', 'unwrap_failed'], issuerIssueSession: ['not_a_link'] }

test('a method says the units and errors of the native function under it, and the reverse', () => {
  assert.deepEqual(factsIn('In seconds; 64 bytes\n   * of it, 1 bit (`closed`).'), ['bit', 'byte', 'closed', 'second'])
  assert.deepEqual(factsIn('In Unix\n   * seconds; `private`, a bitmap.'), [])

  const { functions, rows } = exported(sources())
  const wordsOf = ({ doc, fields }) => [...doc, ...fields.flatMap(({ doc }) => doc)].join(' ')
  const factsOf = ({ doc, values, result }) => {
    const types = [...values.map(([, type]) => type), result].join(' ')
    return factsIn([...doc, ...rows.filter(({ name }) => new RegExp(`\\b${name}\\b`).test(types)).map(wordsOf)].join(' '))
  }
  const there = new Map(functions.map((call) => [camel(call.name), factsOf(call)]))
  const methods = methodsIn(source)
  assert.ok(methods.length > 80 && methods.flatMap(({ facts }) => facts).length > 70, `${methods.length}`)
  for (const { name, native, facts } of methods) {
    const apart = APART[native] ?? []
    assert.deepEqual(facts.filter((fact) => !apart.includes(fact)), there.get(native), `${name} and ${native}`)
  }
})

/** With what a file declares of another module as if it were its own. */
const interfacesOfModules = (text) => text.replace(/^declare module '[^]*?^}/gm, (module) => module.replace(/^  /gm, '').replaceAll('\ninterface ', '\nexport interface '))

/** The names that the entries of the package export, and those of interfaces that it adds to another module. */
function publicNames() {
  const entries = Object.keys(JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')).exports).filter((entry) => !entry.endsWith('.json'))
  return new Set(entries.flatMap((entry) => {
    const text = interfacesOfModules(readFileSync(join(here, 'src', `${entry === '.' ? 'index' : entry.slice(2)}.ts`), 'utf8'))
    const lists = [...text.matchAll(/^export (?:type )?\{(.*)\}/gm)].flatMap(([, names]) => names.split(',').map((name) => name.trim().replace('type ', '')))
    return [...lists, ...[...text.matchAll(/^export (?:async )?(?:class|interface|function|const) (\w+)/gm)].map(([, name]) => name)]
  }))
}

const CALL = String.raw`(?:static |async )*(constructor|\w+|\[[\w.]+\])(?:<.*>)?\(`

/** What can be called of what has one of these names, with its words: functions, methods of classes and interfaces, constructors. No getters. */
function callsIn(text, names) {
  const ofText = [...text.matchAll(new RegExp(`^(?:${WORDS})?export (?:async )?(?:function|const) (\\w+)`, 'gm'))].filter(([, , name]) => names.has(name))
  const bodies = [...text.matchAll(/^export (?:class|interface) (\w+)[^{]*\{\n([^]*?)^\}/gm)].filter(([, name]) => names.has(name))
  const members = bodies.flatMap(([, of, body]) => [...body.matchAll(new RegExp(`^  (?:${WORDS}  )?${CALL}`, 'gm'))].map(([, doc, name]) => [doc, `${of}.${name}`]))
  return [...ofText.map(([, doc, name]) => [doc, name]), ...members].map(([doc = '', name]) => ({ name, doc: doc.replace(/\n *\*? */g, ' ') }))
}

/** What is thrown, as it is said: a class, what another call throws, what the caller's own code does, or nothing. Codes alone say no class. */
const thrown = (doc) => doc.match(/\b(?:Errors:|[Tt]hrows|[Rr]ejected with) ((?:an? )?`[A-Z].*|those of `.*|what .*|nothing\b.*)/)?.[1] ?? ''

/** Calls that do not say what they throw. Of overloads one says it: that with the body is none. */
function silentIn(calls) {
  const said = new Set(calls.filter(({ doc }) => thrown(doc) !== '').map(({ name }) => name))
  return calls.filter(({ name, doc }) => !said.has(name) && !doc.includes('@internal')).map(({ name }) => name)
}

const LISTING = new Map(readFileSync(join(here, '..', 'codes.txt'), 'utf8').trimEnd().split('\n').map((line) => line.split(' ')).map(([code, ...kinds]) => [code, kinds]))
const CLASSES = ['Refused', 'Unreadable', 'InvalidValue', 'Unavailable']
const isOf = (type, code) => (LISTING.get(code) ?? []).includes(type) || new RegExp(`new ${type}\\(.*'${code}'`).test(source)

/** Codes that are told behind a class which is not theirs. */
function misplacedIn(calls) {
  return calls.flatMap(({ name, doc }) => {
    let type
    const words = [...thrown(doc).matchAll(/`(\w+)`/g)].map(([, word]) => word)
    return words.filter((word) => {
      if (CLASSES.includes(word)) type = word
      return type !== undefined && (LISTING.has(word) || /^[a-z]+_/.test(word)) && !isOf(type, word)
    }).map((word) => `${name}: ${word}`)
  })
}

test('every call says what it throws, beside a TypeError for a wrong type, and each code behind its class', () => {
  const control = callsIn(
    '/** Is told. Errors: `link_unknown`. */\nexport function bare(a: string) {}\nexport class One {\n  private constructor(key: symbol) {\n  }\n' +
      '  /** Throws nothing. */\n  told(): void {\n  }\n\n  /** Makes one. */\n  static async open<T>(): Promise<T> {\n  }\n\n  get field(): string {\n  }\n' +
      '  /** @internal */\n  inner(): void {\n  }\n\n  [Symbol.dispose](): void {\n  }\n\n' +
      '  /** Errors: `Refused` (`link_unknown`,\n   * `closed`), `InvalidValue` (`no_such_code`, `text_malformed`). */\n  wrong(): void {\n  }\n}\n' +
      'export interface Two {\n  field: (value: string) => void\n  silent(): void\n}\nexport function other() {}\n',
    new Set(['bare', 'One', 'Two']),
  )
  assert.deepEqual(silentIn(control), ['bare', 'One.open', 'One.[Symbol.dispose]', 'Two.silent'])
  assert.deepEqual(misplacedIn(control), ['One.wrong: closed', 'One.wrong: no_such_code'])

  const names = publicNames()
  // By files: three of them export a function of one name.
  const calls = texts.map((text) => callsIn(interfacesOfModules(text), names))
  assert.ok(calls.flat().length > 130 && ['Store', 'FastifyInstance', 'Field', 'indexBits', 'sealed'].every((name) => names.has(name)))
  assert.deepEqual(calls.flatMap((all) => silentIn(all)), [])
  assert.deepEqual(calls.flatMap((all) => misplacedIn(all)), [])
})
