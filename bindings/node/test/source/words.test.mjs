// What is said of a method, and of the native function under it: the same units, and the same codes of errors.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { exported, sources } from '../../scripts/native-types.mjs'

const here = fileURLToPath(new URL('../..', import.meta.url))
const source = readdirSync(join(here, 'src')).map((file) => readFileSync(join(here, 'src', file), 'utf8')).join('\n')
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

/** What the application's provider of a KEK fails with, which the native part does not call. */
const APART = { keyringOpen: ['kek_unavailable', 'unwrap_failed'] }

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
