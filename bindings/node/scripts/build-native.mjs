// Builds the native part of this machine and puts it beside the package. `--provoke`: with functions that panic, for tests, elsewhere.

import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = join(dirname(fileURLToPath(import.meta.url)), '..')
const root = join(here, '..', '..')
const provoke = process.argv.includes('--provoke')
const { header } = process.report.getReport()
const libc = process.platform === 'linux' ? (header.glibcVersionRuntime === undefined ? '-musl' : '-gnu') : process.platform === 'win32' ? '-msvc' : ''
const name = `portward.${process.platform}-${process.arch}${libc}.node`

const features = provoke ? 'fast-aes,provoke' : 'fast-aes'
const profile = provoke || process.env.PORTWARD_PROFILE === 'dev' ? 'dev' : 'release'
execFileSync('cargo', ['build', '--locked', '--profile', profile, '-p', 'portward-node', '--features', features], { cwd: root, stdio: 'inherit' })

const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target')
const library = { linux: 'libportward_node.so', darwin: 'libportward_node.dylib', win32: 'portward_node.dll' }[process.platform]
const to = provoke ? join(here, 'test', 'provoke', name) : join(here, name)
mkdirSync(dirname(to), { recursive: true })
// In one step: a process that has the old one loaded keeps it.
copyFileSync(join(target, profile === 'dev' ? 'debug' : 'release', library), `${to}.new`)
renameSync(`${to}.new`, to)
