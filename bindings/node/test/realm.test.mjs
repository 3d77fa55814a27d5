// The package in a realm of its own, as runners of tests and sandboxes load it: errors and promises of the native part are of another one.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import vm from 'node:vm'
import { directory } from './support/fixtures.mjs'

const require = createRequire(import.meta.url)

/** CommonJS whose every module is of this context; what is built in, or native, is Node's. */
function loadIn(context, file, modules = new Map()) {
  if (modules.has(file)) return modules.get(file).exports
  const module = { exports: {} }
  modules.set(file, module)
  const theirs = createRequire(file)
  const asked = (name) => {
    const found = theirs.resolve(name)
    return isBuiltin(name) || !found.endsWith('.js') ? theirs(name) : loadIn(context, found, modules)
  }
  const wrapped = vm.runInContext(`(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'utf8')}\n})`, context, { filename: file })
  wrapped(module.exports, asked, module, file, dirname(file))
  return module.exports
}

test('errors are ours in every realm, also from asynchronous work', async () => {
  const { Buffer, process, URL, AbortSignal, setTimeout, clearTimeout } = globalThis
  const context = vm.createContext({ Buffer, process, URL, AbortSignal, setTimeout, clearTimeout })
  const { Deployment, Keyring, PortwardError, Refused, Store } = loadIn(context, require.resolve('portward'))
  assert.notEqual(vm.runInContext('Error', context), Error, 'the control: it is another realm')
  assert.throws(() => Deployment.fromJson(Buffer.from('{}')), (error) => error instanceof PortwardError && error.code === 'deployment_malformed')
  const path = await directory()
  const keyring = Keyring.generate()
  const absent = Store.open(`sqlite:${join(path, 'nowhere', 'links.db')}`, keyring)
  await assert.rejects(absent, (error) => error instanceof PortwardError && error.public === 'unavailable')
  const store = await Store.open(`sqlite:${join(path, 'links.db')}`, keyring, { create: true })
  const { token } = await store.issue('studio-7', '42', ['files:read'])
  const access = store.verifyLink(token)
  assert.deepEqual([access.allows('files:read'), access.allows('files:delete')], [true, false])
  assert.throws(() => access.require('files:delete'), (error) => error instanceof Refused && error.code === 'permission_denied')
  await assert.rejects(store.link('studio-7', '0'.repeat(32)), (error) => error instanceof PortwardError && error.code === 'link_unknown')
  await store.close()
})
