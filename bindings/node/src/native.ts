// Finds the native part: in the package while it is developed, else in the package of the platform, which npm puts beside this one or inside.
// It is looked for nowhere else, whatever the environment says, and has to be of the same version.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { errorOf } from './errors'
import type { Native } from './native-types'

function platform(): string {
  if (process.platform !== 'linux') return `${process.platform}-${process.arch}${process.platform === 'win32' ? '-msvc' : ''}`
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return `linux-${process.arch}-${header.glibcVersionRuntime === undefined ? 'musl' : 'gnu'}`
}

const PACKAGE = join(__dirname, '..')

function load(): Native {
  const name = platform()
  const own = join(PACKAGE, `portward.${name}.node`)
  if (existsSync(own)) return require(own) as Native
  const folders = ['node_modules', '..'].map((where) => join(PACKAGE, where, '@portward', name))
  const folder = folders.find((folder) => existsSync(folder))
  if (folder === undefined) throw new Error(`portward has no native part for ${name}: the package @portward/${name} is not installed beside it`)
  const [wanted, found] = [versionOf(PACKAGE), versionOf(folder)]
  if (found !== wanted) throw new Error(`portward is of version ${wanted}, and the package @portward/${name} of ${found}: install them again`)
  return require(join(folder, `portward.${name}.node`)) as Native
}

function versionOf(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version
}

/** As the native part has them: errors are texts. For what is called so often that a wrapper would be felt. */
export const raw: Native = load()

// A worker's end is not the process's.
if (isMainThread) process.once('exit', () => raw.leave())

/** The same functions, with errors of ours, those of promises too. */
export const native: Native = wrapped(raw)

/** Wraps every function of a native part. */
export function wrapped<T extends object>(functions: T): T {
  const entries = Object.entries(functions as Record<string, (...values: unknown[]) => unknown>)
  return Object.fromEntries(entries.map(([name, call]) => [name, (...values: unknown[]) => settled(call, values)])) as T
}

function settled(call: (...values: unknown[]) => unknown, values: unknown[]): unknown {
  try {
    const result = call(...values)
    return result instanceof Promise ? result.catch(rethrow) : result
  } catch (error) {
    throw errorOf(error)
  }
}

function rethrow(error: unknown): never {
  throw errorOf(error)
}
