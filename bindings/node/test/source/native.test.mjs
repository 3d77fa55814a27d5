// The native part, looked at beside its source.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { raw } from '../../dist/native.js'
import { declared, exported, sources } from '../../scripts/native-types.mjs'
import { directory } from '../support/fixtures.mjs'

const here = fileURLToPath(new URL('../..', import.meta.url))
const read = (path) => readFileSync(join(here, path), 'utf8')
const rust = readdirSync(join(here, 'native')).map((file) => ({ file, text: read(`native/${file}`) }))
const native = exported(sources())

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
  for (const { file, text } of rust) {
    assert.deepEqual(marks(text).filter(isWrong), [], file)
    // Of all tasks, one place catches what they panic with.
    assert.equal(/impl.* Task for/.test(text), file === 'work.rs', file)
    assert.doesNotMatch(text, /\bunsafe\b/, file)
  }
})

test('the native part is declared as its source says, and has nothing else', () => {
  assert.equal(read('src/native-types.ts'), declared(native), 'it is made anew by `npm run build`')
  const names = [...declared(native).matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name)
  assert.deepEqual(names.sort(), Object.keys(raw).sort())
})

test('every function, row and field of the native part says what it is', () => {
  const bare = ({ functions, rows }) => [...functions, ...rows, ...rows.flatMap(({ fields }) => fields)].filter(({ doc }) => doc.length === 0).map(({ name }) => name)
  assert.deepEqual(bare(exported('#[napi(object)]\npub(crate) struct ARow {\n    /// Told.\n    pub told: f64,\n    pub bare: f64,\n}\n')), ['ARow', 'bare'])
  assert.deepEqual(bare(native), [])
  // One line of words, two at most.
  assert.deepEqual([...native.functions, ...native.rows].filter(({ doc }) => doc.length > 2), [])
})

test('what may be absent of a row that comes is null, or Object.prototype would be read', () => {
  const row = (mark) => `#[napi(${mark})]\npub(crate) struct ARow {\n    pub some_of_it: Option<Vec<String>>,\n}\n`
  const call = (signature) => `#[napi(catch_unwind)]\npub(crate) fn of${signature} {\n`
  const declaredAs = (mark, signature) => declared(exported(row(mark) + call(signature))).match(/readonly (some.*)\n/)[1]
  assert.equal(declaredAs('object, object_from_js = false, use_nullable = true', '() -> Promised<A, ARow>'), 'someOfIt: readonly string[] | null')
  assert.equal(declaredAs('object', '(row: ARow)'), 'someOfIt?: readonly string[] | undefined')
  assert.throws(() => declaredAs('object', '() -> Promised<A, ARow>'), /ARow comes without what it has not/)
  // Nor is anything passed over that is not understood.
  assert.throws(() => declaredAs('object', '(row: ARow, more: Vec<i64>)'), /what is i64/)
  assert.throws(() => exported(call('()') + '#[napi]\nfn more() {\n'), /2 are exported, and 1 functions and 0 rows/)
  assert.throws(() => exported(row('object').replace('Option<', 'Option<\n')), /a field of ARow was not read/)
})
