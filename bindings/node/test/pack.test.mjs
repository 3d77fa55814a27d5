// The packages as they are published: what is in them, and that they can be installed and loaded.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { directory } from './support/fixtures.mjs'

const here = fileURLToPath(new URL('..', import.meta.url))
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
  for (const name of ['index', 'express', 'fastify', 'web', 'drizzle']) {
    for (const ending of ['js', 'mjs', 'd.ts', 'd.mts']) assert.ok(files.includes(`dist/${name}.${ending}`))
  }
  const { scripts, dependencies, optionalDependencies, version } = JSON.parse(readFileSync(join(installed, 'package.json')))
  assert.deepEqual([scripts, dependencies], [undefined, undefined], 'nothing runs when it is installed, and nothing else comes along')
  for (const exactly of Object.values(optionalDependencies)) assert.equal(exactly, version)
  const native = readdirSync(join(path, 'node_modules')).filter((name) => name.startsWith('portward-'))
  assert.deepEqual(filesIn(join(path, 'node_modules', native[0])).sort(), ['README.md', 'package.json', readdirSync(join(path, 'node_modules', native[0])).find((name) => name.endsWith('.node'))].sort())

  const story = `const k = Keyring.generate(); Verifier.withoutRevocation(k).verifyLink(new Issuer(k).issueLink('t', 'c', ['files:read']).token).client`
  assert.equal(run('node', ['-p', `const { Keyring, Issuer, Verifier } = require('portward'); require('portward/web'); ${story}`], path).trim(), 'c')
  const module = `import { Keyring, Issuer, Verifier } from 'portward'; import { portward } from 'portward/express'; console.log(${story.replace('const k = Keyring.generate(); ', '').replaceAll('(k)', '(globalThis.k ??= Keyring.generate())')}, typeof portward)`
  assert.equal(run('node', ['--input-type=module', '-e', module], path).trim(), 'c function')

  // Without the package of the platform it says which one is missing.
  const lonely = await directory()
  writeFileSync(join(lonely, 'package.json'), '{"private":true}')
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--omit=optional', join(here, 'packed', main)], lonely)
  assert.match(run('node', ['-e', 'try { require("portward") } catch (error) { console.log(error.message) }'], lonely), /the package portward-\S+ is not installed/)
})
