// The package in a realm of its own, as runners of tests and sandboxes load it: errors and promises of the native part are of another one.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import vm from 'node:vm'
import { directory, scope } from './support/fixtures.mjs'

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

test('signals and addresses of another realm are taken', async () => {
  // As jsdom has them: of no class of Node's, of the same shape.
  const { signal, url, abort } = vm.runInNewContext(`
    class AbortSignal {
      aborted = false
      #all = new Set()
      addEventListener(_, call) { this.#all.add(call) }
      removeEventListener(_, call) { this.#all.delete(call) }
      throwIfAborted() { if (this.aborted) throw this.reason }
      get [Symbol.toStringTag]() { return 'AbortSignal' }
      static abort(signal, reason) { Object.assign(signal, { aborted: true, reason }); for (const call of signal.#all) call() }
    }
    class URL {
      constructor(href) { this.href = href }
      get [Symbol.toStringTag]() { return 'URL' }
    }
    ({ signal: new AbortSignal(), url: (href) => new URL(href), abort: AbortSignal.abort })`)
  const { scope: files, path } = await scope()
  const of = { name: 'a.b', id: '1' }
  const [plain, sealed] = ['plain', 'sealed'].map((name) => join(path, name))
  writeFileSync(plain, 'text')
  assert.equal(await files.sealFile(url(pathToFileURL(plain).href), url(pathToFileURL(sealed).href), { ...of, signal }), 4)
  const enough = new Error('enough')
  const sealing = files.sealFile('/dev/zero', join(path, 'never'), { ...of, signal })
  const waiting = files.withSignal(signal).seal(Buffer.of(1), of)
  abort(signal, enough)
  await Promise.all([sealing, waiting, files.withSignal(signal).open(Buffer.of(1), of)].map((promise) => assert.rejects(promise, enough)))
  const stream = files.sealStream({ ...of, signal })
  await assert.rejects(once(stream, 'end'), { name: 'AbortError' })
  for (const wrong of [{ aborted: false }, { [Symbol.toStringTag]: 'AbortSignal', aborted: false }]) {
    assert.throws(() => files.withSignal(wrong), { name: 'TypeError', message: /^signal: / })
  }
  for (const wrong of [{ href: pathToFileURL(plain).href }, url('https://a.example/x'), { [Symbol.toStringTag]: 'URL' }]) {
    await assert.rejects(files.openRange(wrong, of), { name: 'TypeError', message: /^source: / })
  }
})
