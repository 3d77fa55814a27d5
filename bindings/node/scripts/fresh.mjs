// Two applications in folders of their own, `node-package` and `node-example` below the folder that is told: the tests, and the example. Each
// has its locked dependencies, and portward from the packages that are packed here, as a user has it; nothing of this folder is left in reach.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = join(dirname(fileURLToPath(import.meta.url)), '..')
const below = resolve(process.argv[2])
const packed = execFileSync('node', ['scripts/pack.mjs'], { cwd: here, encoding: 'utf8' }).trim().split('\n')
const tarballs = packed.map((name) => join(here, 'packed', name))

application('node-package', here, ['test'], ({ devDependencies, peerDependencies, peerDependenciesMeta, overrides, scripts }) => ({
  devDependencies, peerDependencies, peerDependenciesMeta, overrides,
  scripts: { pretest: 'node test/types/check.mjs', test: scripts.test.replace('test/source/', 'test/installed/') },
}))
application('node-example', join(here, '..', '..', 'examples', 'node'), ['portal.mjs', 'quickstart.mjs', 'server.mjs', 'test'], (all) => all)

function application(name, from, files, manifest) {
  const to = join(below, name)
  rmSync(to, { recursive: true, force: true })
  mkdirSync(to, { recursive: true })
  // Tests of the source stay where that is.
  const isOurs = (path) => !['source', 'provoke', '.next'].includes(basename(path))
  for (const file of files) cpSync(join(from, file), join(to, file), { recursive: true, filter: isOurs })

  const read = (file) => JSON.parse(readFileSync(join(from, file), 'utf8'))
  const write = (file, json) => writeFileSync(join(to, file), `${JSON.stringify(json, null, 2)}\n`)
  const [json, lock] = [read('package.json'), read('package-lock.json')]
  for (const { dependencies } of [json, lock.packages['']]) delete dependencies?.portward
  // What was linked to the source.
  for (const link of ['node_modules/portward', '../../bindings/node']) delete lock.packages[link]
  write('package.json', { name, private: true, ...manifest({ ...json, name }) })
  write('package-lock.json', lock)
  const npm = (...values) => execFileSync('npm', [...values, '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: to, stdio: 'inherit' })
  npm('ci')
  npm('install', '--no-save', '--offline', ...tarballs)
}
