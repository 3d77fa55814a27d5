// Where the package is installed alone: it takes most of a minute, and what is in the checkout is the same. There, handles are counted.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const MIB = 8

test('10,000 objects leave nothing behind, nor do as many of costlier ones as there is time for', { timeout: 600_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', fileURLToPath(new URL('../support/leak.mjs', import.meta.url)), String(MIB)])
  const grown = Number(stdout)
  assert.ok(grown < MIB, `${grown} MiB more`)
})
