// The native part, looked at beside its source.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { raw } from '../../dist/native.js'
import { directory } from '../support/fixtures.mjs'

const here = fileURLToPath(new URL('../..', import.meta.url))
const read = (path) => readFileSync(join(here, path), 'utf8')
const rust = readdirSync(join(here, 'native')).map((file) => ({ file, text: read(`native/${file}`) }))
const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())

/** The package with the native part that can be provoked, and counts its handles, in a folder of its own. */
async function provoked() {
  const path = await directory()
  const to = join(path, 'node_modules', 'portward')
  mkdirSync(to, { recursive: true })
  for (const file of ['dist', 'package.json']) cpSync(join(here, file), join(to, file), { recursive: true })
  cpSync(join(here, 'test', 'provoke'), to, { recursive: true })
  return path
}

test('a panic is an error, and ends no process', async () => {
  const script = `
    const { native, raw } = require('./node_modules/portward/dist/native.js')
    const { told } = require('./node_modules/portward/dist/errors.js')
    const { PortwardError } = require('portward')
    const tell = (error) => console.log(error instanceof PortwardError, error.code, error.public)
    try { native.provoke() } catch (error) { tell(error) }
    // As what verifies is called: it throws nothing, and tells all.
    tell(told(raw.provokePacked()))
    native.provokeLater().catch(tell).then(() => native.provokeDelivery()).catch(tell).then(() => console.log('lives'))`
  const out = execFileSync(process.execPath, ['-e', script], { cwd: await provoked(), stdio: ['ignore', 'pipe', 'ignore'] })
  assert.equal(out.toString(), `${'true internal unavailable\n'.repeat(4)}lives\n`)
})

test('every handle goes when nobody has it any more', { timeout: 300_000 }, async () => {
  const cwd = await provoked()
  cpSync(join(here, 'test', 'support', 'leak.mjs'), join(cwd, 'leak.mjs'))
  const out = execFileSync(process.execPath, ['--expose-gc', 'leak.mjs', 'count'], { cwd, encoding: 'utf8' })
  const { held, made, left } = JSON.parse(out)
  assert.ok(held > 0 && made > 15_000, out)
  assert.equal(left, 0, out)
})

test('every exported function catches panics, and every task does', () => {
  const marks = (text) => text.match(/#\[napi[^\]]*\]/g) ?? []
  const isWrong = (mark) => mark !== '#[napi(catch_unwind)]' && !mark.startsWith('#[napi(object')
  assert.deepEqual(marks('#[napi] #[napi(catch_unwind)] #[napi(js_name = "x")] #[napi(object)]').filter(isWrong), ['#[napi]', '#[napi(js_name = "x")]'])
  let exported = 0
  for (const { file, text } of rust) {
    assert.deepEqual(marks(text).filter(isWrong), [], file)
    if (file !== 'provoke.rs') exported += marks(text).filter((mark) => mark === '#[napi(catch_unwind)]').length
    // Of all tasks, one place catches what they panic with.
    assert.equal(/impl.* Task for/.test(text), file === 'work.rs', file)
    assert.doesNotMatch(text, /\bunsafe\b/, file)
  }
  // What is there is what was looked at.
  assert.equal(exported, Object.keys(raw).length)
})

/** What napi makes of a type of Rust, in the words of `native-types.ts`. `came`: of an argument. */
function typeOf(type, came) {
  const inner = (name) => type.match(new RegExp(`^${name}<(.*)>$`))?.[1]
  const of = (name, make) => (inner(name) === undefined ? undefined : make(inner(name)))
  const handle = (held) => `Handle<'${held.replace(/^(?:Arc|Turns)<(.*)>$/, '$1')}'>`
  const plain = { String: 'string', Latin1String: 'string', f64: 'number', u32: 'number', bool: 'boolean', '()': 'void', Buffer: 'Buffer', '&[u8]': 'Uint8Array' }
  return (
    plain[type] ??
    of('Option', (some) => `${typeOf(some, came)} | null${came ? ' | undefined' : ''}`) ??
    of('Vec', (item) => `${came ? 'readonly ' : ''}${typeOf(item, came)}[]`) ??
    of('&?External', handle) ??
    of('Held', (held) => `[${handle(held)}]`) ??
    of('napi::Result', (result) => typeOf(result, came)) ??
    of('Promised', (both) => `Promise<${typeOf(parted(both)[1], came)}>`) ??
    type
  )
}

/** At commas that are outside of brackets. */
function parted(text) {
  let depth = 0
  const marked = [...text].map((character) => {
    if ('<([{'.includes(character)) depth++
    if ('>)]}'.includes(character)) depth--
    return character === ',' && depth === 0 ? '\n' : character
  })
  return marked.join('').split('\n').map((part) => part.trim()).filter((part) => part !== '')
}

test('the native part has what is declared of it, of these types, and nothing else', () => {
  const all = rust.filter(({ file }) => file !== 'provoke.rs').map(({ text }) => text.replace(/\s+/g, ' ')).join(' ')
  const functions = [...all.matchAll(/#\[napi\(catch_unwind\)\] pub\(crate\) fn (\w+)\((.*?),? ?\)(?: -> (.*?))? \{/g)].map(([, name, values, result]) => {
    const types = parted(values).map((value) => typeOf(value.replace(/^\w+: /, ''), true))
    return `${camel(name)}(${types.join(', ')}): ${typeOf(result ?? '()', false)}`
  })
  const declared = read('src/native-types.ts')
  const said = [...declared.matchAll(/^ {2}(\w+)\((.*)\): (.*)$/gm)].map(([, name, values, result]) => {
    return `${name}(${parted(values).map((value) => value.replace(/^\w+: /, '')).join(', ')}): ${result}`
  })
  assert.deepEqual(said.sort(), functions.sort())
  assert.deepEqual(Object.keys(raw).sort(), functions.map((text) => text.split('(')[0]).sort())

  // The rows: what may be absent of one that comes from there is `null`, or `Object.prototype` would be read.
  const fieldsOf = (name, fields) => `${name} { ${fields.join('; ')} }`
  const taken = functions.join().match(/\w+Row(?=[,)])/g)
  const rows = [...all.matchAll(/#\[napi\(object([^\]]*)\)\] pub\(crate\) struct (\w+) \{(.*?)\}/g)].map(([, mark, name, fields]) => {
    const told = parted(fields).map((field) => field.match(/^pub (\w+): (.*)$/).slice(1))
    const isNull = mark.includes('use_nullable = true')
    assert.ok(isNull || !fields.includes('Option<') || taken.includes(name), `${name} comes without what it has not`)
    return fieldsOf(name, told.map(([field, type]) => {
      const some = type.match(/^Option<(.*)>$/)?.[1]
      const told = `${camel(field)}${some === undefined || isNull ? '' : '?'}: ${typeOf(some ?? type, false)}`
      return some !== undefined && isNull ? `${told} | null` : told
    }))
  })
  const saidRows = [...declared.matchAll(/^export interface (\w+Row) \{\n([^}]*)\}/gm)].map(([, name, fields]) => {
    return fieldsOf(name, fields.trim().split(/\n */).map((field) => field.replace(/readonly | \| undefined/g, '')))
  })
  assert.ok(rows.length > 20)
  assert.deepEqual(saidRows.sort(), rows.sort())
})
