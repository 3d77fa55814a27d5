import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import 'portward'

test('what is tested is the source that these tests lie beside, or else the package that is installed', () => {
  const isSource = existsSync(new URL('../src', import.meta.url))
  assert.equal(import.meta.resolve('portward'), new URL(isSource ? '../dist/index.mjs' : '../node_modules/portward/dist/index.mjs', import.meta.url).href)
  const natives = Object.keys(createRequire(import.meta.url).cache).filter((path) => path.endsWith('.node'))
  assert.equal(natives.length, 1)
  if (!isSource) assert.match(natives[0], /node_modules.@portward.[a-z0-9-]+.portward\.[a-z0-9-]+\.node$/)
})
