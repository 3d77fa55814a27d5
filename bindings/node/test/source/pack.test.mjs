// The packages as they are published: what is in them, and that they can be installed and loaded.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { directory } from '../support/fixtures.mjs'

const here = fileURLToPath(new URL('../..', import.meta.url))
const run = (command, values, cwd) => execFileSync(command, values, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

function filesIn(path, below = '') {
  return readdirSync(join(path, below)).flatMap((name) => {
    const inner = join(below, name)
    return statSync(join(path, inner)).isDirectory() ? filesIn(path, inner) : [inner]
  })
}

test('packed, installed and loaded', { timeout: 300_000 }, async () => {
  const tarballs = run('node', ['scripts/pack.mjs'], here).trim().split('\n')
  const main = tarballs.find((name) => /^portward-\d/.test(name))
  assert.ok(tarballs.length >= 2 && main !== undefined, tarballs.join())

  const path = await directory()
  writeFileSync(join(path, 'package.json'), '{"private":true}')
  const paths = tarballs.map((name) => join(here, 'packed', name))
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', ...paths], path)

  const installed = join(path, 'node_modules', 'portward')
  const files = filesIn(installed)
  for (const file of files) assert.match(file, /^(package\.json|README\.md|LICENSE-(MIT|APACHE)|dist\/[a-z-]+\.(js|mjs|d\.ts|d\.mts))$/)
  for (const name of ['index', 'express', 'fastify', 'web', 'drizzle', 'aws-kms']) {
    for (const ending of ['js', 'mjs', 'd.ts', 'd.mts']) assert.ok(files.includes(`dist/${name}.${ending}`))
  }
  // A module for each of the source, and nothing that was one before.
  const modules = (names, ending) => names.filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length)).sort()
  assert.deepEqual(modules(readdirSync(join(installed, 'dist')), '.js'), modules(readdirSync(join(here, 'src')), '.ts'))
  const licences = ['LICENSE-APACHE', 'LICENSE-MIT']
  for (const licence of licences) assert.ok(files.includes(licence))
  const { scripts, dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta, version } = JSON.parse(readFileSync(join(installed, 'package.json')))
  assert.deepEqual([scripts, dependencies], [undefined, undefined], 'nothing runs when it is installed, and nothing else comes along')
  for (const exactly of Object.values(optionalDependencies)) assert.equal(exactly, version)
  const scoped = join(path, 'node_modules', '@portward')
  const [platform, ...others] = readdirSync(scoped)
  assert.deepEqual([others, Object.keys(optionalDependencies)], [[], [`@portward/${platform}`]])
  assert.deepEqual(filesIn(join(scoped, platform)).sort(), ['README.md', 'package.json', `portward.${platform}.node`, 'THIRD-PARTY.txt', ...licences].sort())
  assert.equal(readFileSync(join(scoped, platform, 'THIRD-PARTY.txt'), 'utf8'), readFileSync(join(here, 'THIRD-PARTY.txt'), 'utf8'))
  // The frameworks are the application's: none is installed for it, and one of another version is told.
  assert.deepEqual(Object.keys(peerDependencies).sort(), ['@aws-sdk/client-kms', 'drizzle-orm', 'express', 'fastify'])
  for (const name of Object.keys(peerDependencies)) assert.equal(peerDependenciesMeta[name].optional, true)
  assert.deepEqual(readdirSync(join(path, 'node_modules')).filter((name) => !name.startsWith('.')).sort(), ['@portward', 'portward'])

  const story = `const k = Keyring.generate(); Verifier.withoutRevocation(k).verifyLink(new Issuer(k).issueLink('t', 'c', ['files:read']).token).client`
  assert.equal(run('node', ['-p', `const { Keyring, Issuer, Verifier } = require('portward'); require('portward/web'); ${story}`], path).trim(), 'c')
  const module = `import { Keyring, Issuer, Verifier } from 'portward'; import { portward } from 'portward/express'; console.log(${story.replace('const k = Keyring.generate(); ', '').replaceAll('(k)', '(globalThis.k ??= Keyring.generate())')}, typeof portward)`
  assert.equal(run('node', ['--input-type=module', '-e', module], path).trim(), 'c function')

  // Another version of the native part is refused, and the right one taken again.
  const manifest = join(scoped, platform, 'package.json')
  const said = readFileSync(manifest, 'utf8')
  const tried = (folder, env = process.env) =>
    execFileSync('node', ['-e', 'try { require("portward"); console.log("loaded") } catch (error) { console.log(error.message) }'], { cwd: folder, env, encoding: 'utf8' })
  writeFileSync(manifest, said.replace(`"${version}"`, '"0.0.9"'))
  assert.match(tried(path), /of version 0\.1\.0, and the package @portward\/\S+ of 0\.0\.9/)
  writeFileSync(manifest, said)
  assert.equal(tried(path), 'loaded\n')

  // Which kind of Linux it is, is not asked where one is there: the answer may wait for the names of open sockets.
  if (process.platform === 'linux') {
    const asked = { ...process.env, NODE_OPTIONS: `--require=${join(path, 'asked.cjs')}` }
    writeFileSync(join(path, 'asked.cjs'), 'process.report.getReport = () => { throw new Error(`asked, network ${!process.report.excludeNetwork}`) }')
    assert.equal(tried(path, asked), 'loaded\n')
    const other = join(scoped, platform.endsWith('-gnu') ? platform.replace('-gnu', '-musl') : platform.replace('-musl', '-gnu'))
    cpSync(join(scoped, platform), other, { recursive: true })
    assert.equal(tried(path, asked), 'asked, network false\n')
    assert.equal(tried(path), 'loaded\n')
    rmSync(other, { recursive: true })
  }

  // Without the package of the platform it says which one is missing, and takes none from elsewhere.
  const lonely = await directory()
  const inner = join(lonely, 'inner')
  mkdirSync(inner)
  writeFileSync(join(inner, 'package.json'), '{"private":true}')
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--omit=optional', join(here, 'packed', main)], inner)
  const home = join(lonely, 'home')
  for (const elsewhere of [join(home, '.node_modules'), join(home, 'path'), join(lonely, 'node_modules')]) {
    cpSync(scoped, join(elsewhere, '@portward'), { recursive: true })
    cpSync(join(scoped, platform), join(elsewhere, `portward-${platform}`), { recursive: true })
  }
  const env = { ...process.env, HOME: home, NODE_PATH: join(home, 'path') }
  assert.match(tried(inner, env), /the package @portward\/\S+ is not installed beside it/)
  cpSync(scoped, join(inner, 'node_modules', '@portward'), { recursive: true })
  assert.equal(tried(inner, env), 'loaded\n')
})
