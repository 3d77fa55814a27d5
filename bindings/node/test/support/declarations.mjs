// What the package declares in its `.d.ts`: of each public class, function and interface the calls with their parameters, and the properties.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = dirname(fileURLToPath(import.meta.resolve('portward')))

/** All declarations in one text, without comments. */
export function declared() {
  const files = readdirSync(dist).filter((name) => name.endsWith('.d.ts'))
  return files.map((name) => readFileSync(join(dist, name), 'utf8').replace(/\/\*\*.*?\*\//gs, '')).join('\n')
}

/** What stands between the bracket at this place and its end, parted where this character is outside of others. */
export function parted(text, at, by) {
  const parts = ['']
  for (let depth = 0, place = at; ; place++) {
    const character = text[place]
    if (character === undefined) throw new Error('no end')
    const isArrow = character === '>' && text[place - 1] === '='
    if ('([{<'.includes(character) && depth++ === 0) continue
    if (')]}>'.includes(character) && !isArrow && --depth === 0) return parts.map((part) => part.trim()).filter((part) => part !== '')
    if (character === by && depth === 1) parts.push('')
    else parts[parts.length - 1] += character
  }
}

/** `{ name, isOptional, isReadonly, type }` of what is declared as `name?: type`. */
function field(text) {
  const [, mark, name, optional, type] = text.match(/^(readonly )?(\w+)(\??): (.*)$/s) ?? []
  if (name === undefined) throw new Error(`what is this? ${text}`)
  return { name, isOptional: optional === '?', isReadonly: mark !== undefined, type: type.replace(/\s+/g, ' ') }
}

/** The properties of a type: of an object that is written there, or of our interfaces; `null` for every other type. */
export function fieldsOf(text, type) {
  if (/^(?:Fastify|Express)\w+$/.test(type)) return null
  const parts = type.split(/&(?![^{]*\})/).map((part) => part.trim().replace(/ \| undefined$/, ''))
  const all = parts.map((part) => (part.startsWith('{') ? parted(part, 0, ';').map(field) : interfaceFields(text, part)))
  return all.includes(null) || all.flat().length === 0 ? null : all.flat()
}

function interfaceFields(text, name) {
  const [, utility, of, names] = name.match(/^(Omit|Pick)<(\w+), (.*)>$/s) ?? []
  if (utility !== undefined) return interfaceFields(text, of).filter(({ name }) => names.includes(`'${name}'`) === (utility === 'Pick'))
  const found = /^\w+$/.test(name) && text.match(new RegExp(`interface ${name} (?:extends ([^{]+) )?(?=\\{)`))
  if (!found) return null
  const own = parted(text, found.index + found[0].length, ';').filter((member) => !/^\w+(<.*?>)?\(/s.test(member)).map(field)
  return [...own, ...parted(`<${found[1] ?? ''}>`, 0, ',').flatMap((parent) => interfaceFields(text, parent))]
}

/** Of a class or an interface, `[call, parameters]` of each method; of a class also of its constructor and what is static. */
export function callsOf(text, kind, name) {
  const found = text.match(new RegExp(`${kind} ${name} (?:extends [^{]+)?(?=\\{)`)) ?? []
  if (found.index === undefined) throw new Error(`${kind} ${name} is not declared`)
  return parted(text, found.index + found[0].length, ';').flatMap((member) => {
    const [all, isStatic, called] = member.match(/^(static )?(\w+|\[[\w.]+\])(?:<.*?>)?(?=\()/s) ?? []
    if (all === undefined) return []
    const parameters = parted(member, all.length, ',').map(field)
    return [[called === 'constructor' ? `new ${name}` : `${name}${isStatic ? '.' : '#'}${called}`, parameters]]
  })
}

/** The parameters of each function of this name, in the order of the files. */
export function functionsOf(text, name) {
  const all = [...text.matchAll(new RegExp(`^export declare function ${name}(?:<.*?>)?(?=\\()`, 'gm'))]
  return all.map(({ index, 0: { length } }) => parted(text, index + length, ',').map(field))
}
