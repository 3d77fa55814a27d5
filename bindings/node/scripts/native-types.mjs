// Writes `src/native-types.ts`: what the native part offers, with the words on it, as `native/*.rs` say. A change there is one here.

import { readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('..', import.meta.url))

const HEAD = `// Made by \`scripts/native-types.mjs\` from \`native/*.rs\`, which is what \`npm run build\` does first. Nothing but \`src\` calls these functions. What is not
// there of a row that comes is \`null\`, and not left away: \`Object.prototype\` might have it.

/** Something that the native part made, and that only it can look into. */
export interface Handle<Name extends string> {
  readonly __handle: Name
}
`

/** The sources of the native part, but for what is in no package. */
export function sources() {
  const files = readdirSync(join(here, 'native')).filter((file) => file !== 'provoke.rs').sort()
  return files.map((file) => readFileSync(join(here, 'native', file), 'utf8').replaceAll('\r\n', '\n')).join('\n')
}

/** What is exported: the functions `{ name, doc, values: [name, type][], result }`, and the rows `{ name, doc, isNull, fields: { name, doc, type }[] }`. */
export function exported(text) {
  const words = (doc) => doc.split('\n').map((line) => line.replace(/^ *\/\/\/ ?/, '').trim()).filter((line) => line !== '')
  const functions = [...text.matchAll(/((?:^\/\/\/.*\n)*)#\[napi\(catch_unwind\)\]\npub\(crate\) fn (\w+)\(([^{]*?)\)(?: -> ([^{]*?))? \{$/gm)].map(
    ([, doc, name, values, result = '()']) => ({ name, doc: words(doc), values: parted(values).map((value) => value.split(': ')), result: result.replace(/\s+/g, ' ') }),
  )
  const rows = [...text.matchAll(/((?:^\/\/\/.*\n)*)#\[napi\(object([^\]]*)\)\]\npub\(crate\) struct (\w+) \{\n([^}]*)\}/gm)].map(([, doc, mark, name, body]) => {
    const fields = [...body.matchAll(/((?: *\/\/\/.*\n)*) *pub (\w+): (.*),\n/g)].map(([, doc, name, type]) => ({ name, doc: words(doc), type }))
    if (fields.length !== body.match(/^ *[^ /]/gm)?.length) throw new Error(`a field of ${name} was not read`)
    return { name, doc: words(doc), isNull: mark.includes('use_nullable = true'), fields }
  })
  const marks = text.match(/#\[napi\b/g)?.length ?? 0
  if (functions.length + rows.length !== marks) throw new Error(`${marks} are exported, and ${functions.length} functions and ${rows.length} rows were read`)
  return { functions, rows }
}

/** The declarations of what is exported. */
export function declared({ functions, rows }) {
  const taken = new Set(functions.flatMap(({ values }) => values.map(([, type]) => type)))
  const interfaces = rows.map(({ name, doc, isNull, fields }) => {
    const names = fields.map((field) => field.name)
    const lines = fields.map((field) => `${comment(field.doc, names, '  ')}  readonly ${fieldOf(field, taken.has(name), isNull, name)}\n`)
    return `\n${comment(doc, names, '')}export interface ${name} {\n${lines.join('')}}\n`
  })
  const calls = functions.map(({ name, doc, values, result }) => {
    const told = values.map(([value, type]) => `${camel(value)}: ${typeOf(type, true)}`)
    return `${comment(doc, values.map(([value]) => value), '  ')}  ${camel(name)}(${told.join(', ')}): ${typeOf(result, false)}\n`
  })
  return `${HEAD}${interfaces.join('')}\nexport interface Native {\n${calls.join('')}}\n`
}

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())

/** What may be absent of a row that is given is left away; of one that comes it has to be `null`. */
function fieldOf({ name, type }, isTaken, isNull, row) {
  const some = type.match(/^Option<(.*)>$/)?.[1]
  if (some === undefined) return `${camel(name)}: ${typeOf(type, true)}`
  if (isTaken) return `${camel(name)}?: ${typeOf(some, true)} | undefined`
  if (!isNull) throw new Error(`${row} comes without what it has not: use_nullable = true`)
  return `${camel(name)}: ${typeOf(some, true)} | null`
}

/**
 * What napi makes of a type. `isRead`: of an argument or a field, whose lists nobody changes; an argument may be left away. What is promised in a
 * list is not in it where there is none.
 */
function typeOf(type, isRead) {
  const of = (name, make) => type.match(new RegExp(`^${name}<(.*)>$`))?.slice(1).map(make)[0]
  const handle = (held) => `Handle<'${held.replace(/^(?:Arc|Turns)<(.*)>$/, '$1')}'>`
  const list = (item) => (isRead ? `readonly ${item.replace(/^(readonly .*)$/, '($1)')}[]` : `${item}[]`)
  const promised = (made, told) => (made.startsWith('Option<') ? typeOf(told, isRead).replace(/]$/, '?]') : typeOf(told, isRead))
  const plain = { String: 'string', Latin1String: 'string', f64: 'number', u32: 'number', bool: 'boolean', '()': 'void', Buffer: 'Buffer', '&[u8]': 'Uint8Array' }
  const told =
    plain[type] ??
    of('Option', (some) => `${typeOf(some, isRead)} | null${isRead ? ' | undefined' : ''}`) ??
    of('Vec', (item) => list(typeOf(item, isRead))) ??
    of('&?External', handle) ??
    of('Held', (held) => `[${handle(held)}]`) ??
    of('napi::Result', (result) => typeOf(result, isRead)) ??
    of('Promised', (both) => `Promise<${promised(...parted(both))}>`) ??
    type.match(/^\w+Row$/)?.[0]
  if (told === undefined) throw new Error(`what is ${type} in TypeScript?`)
  return told
}

/** At commas that are outside of brackets. */
function parted(text) {
  let depth = 0
  const marked = [...text.replace(/\s+/g, ' ')].map((character) => {
    if ('<([{'.includes(character)) depth++
    if ('>)]}'.includes(character)) depth--
    return character === ',' && depth === 0 ? '\n' : character
  })
  return marked.join('').split('\n').map((part) => part.trim()).filter((part) => part !== '')
}

/** The words, in which what has one of these names is called as JavaScript does. */
function comment(doc, names, indent) {
  const lines = doc.map((line) => line.replace(/`(\w+)`/g, (all, name) => (names.includes(name) ? `\`${camel(name)}\`` : all)))
  if (lines.length < 2) return lines.map((line) => `${indent}/** ${line} */\n`).join('')
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) writeFileSync(join(here, 'src', 'native-types.ts'), declared(exported(sources())))
