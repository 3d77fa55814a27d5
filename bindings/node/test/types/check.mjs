// Compiles what uses the package: with strict settings, with the types of a browser, and so that its own declarations are looked at, too.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const installed = dirname(fileURLToPath(import.meta.resolve('portward/package.json')))
const readme = readFileSync(join(installed, 'README.md'), 'utf8')

/** What an application has: a database. */
const BEFORE = "import type { BaseSQLiteDatabase } from 'drizzle-orm/sqlite-core'\ndeclare const db: BaseSQLiteDatabase<'async', unknown>\n"
const blocks = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, block]) => block)
if (blocks.length === 0) throw new Error('the README shows nothing')
writeFileSync(join(here, 'readme.mts'), BEFORE + blocks.join('\n'))

const declarations = readdirSync(join(installed, 'dist')).filter((file) => /\.d\.m?ts$/.test(file))
const all = declarations.map((file) => `/// <reference path=${JSON.stringify(join(installed, 'dist', file))} />\n`)
writeFileSync(join(here, 'all.mts'), `${all.join('')}export {}\n`)

const tsc = (project) => {
  const { stdout, status } = spawnSync(process.execPath, [join(here, '../../node_modules/typescript/bin/tsc'), '-p', project], { cwd: here, encoding: 'utf8' })
  return { stdout, status }
}
const wrong = ['tsconfig.json', 'tsconfig.dom.json'].map(tsc).filter(({ status }) => status !== 0)
// Declarations of others have errors of their own.
const ours = tsc('tsconfig.lib.json').stdout.split('\n').filter((line) => /^(?:use|all)\.|(?:^|[/\\])dist[/\\][\w-]+\.d\.m?ts\(/.test(line) && !/node_modules[/\\](?!portward)/.test(line))
for (const line of [...wrong.map(({ stdout }) => stdout), ...ours]) console.error(line)
process.exit(wrong.length + ours.length === 0 ? 0 : 1)
