// The quick start of the repository's README is run.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

test('the quick start of the README runs, and ends with a refusal', () => {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
  const blocks = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, block]) => block)
  assert.equal(blocks.length, 1)
  // In this folder, so that the package finds itself by its name.
  const file = fileURLToPath(new URL(`.readme-${process.pid}.mjs`, import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'portward-'))
  const end = `
try {
  store.verifyLink(link.token)
} catch (error) {
  console.log(error.code)
}
await store.close()
`
  try {
    writeFileSync(file, blocks[0] + end)
    const printed = execFileSync(process.execPath, [file], { cwd: folder, encoding: 'utf8', timeout: 60_000 })
    assert.equal(printed, 'link_revoked\n')
    assert.ok(existsSync(join(folder, 'portal.db')))
  } finally {
    rmSync(file, { force: true })
    rmSync(folder, { recursive: true })
  }
})
