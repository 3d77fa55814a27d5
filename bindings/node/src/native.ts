// Finds the native part: in the package while it is developed, else in the package of the platform, which npm puts beside this one or inside.
// It is looked for nowhere else, whatever the environment says, and has to be of the same version.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { types } from 'node:util'
import { isMainThread } from 'node:worker_threads'
import { errorOf } from './errors'
import type { Native } from './native-types'

const PACKAGE = join(__dirname, '..')

/** As packages are named. On Linux there are two kinds. */
function platforms(): string[] {
  const name = `${process.platform}-${process.arch}`
  if (process.platform === 'linux') return [`${name}-gnu`, `${name}-musl`]
  return [process.platform === 'win32' ? `${name}-msvc` : name]
}

/** Which kind this is. The report looks up the names of open sockets, and waits for that, where it cannot be told not to. */
function kindOfLinux(): string {
  const report = process.report as typeof process.report & { excludeNetwork?: boolean }
  const before = report.excludeNetwork
  report.excludeNetwork = true
  const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } }
  if (before !== undefined) report.excludeNetwork = before
  return `linux-${process.arch}-${header.glibcVersionRuntime === undefined ? 'musl' : 'gnu'}`
}

const ownOf = (name: string) => join(PACKAGE, `portward.${name}.node`)
const foldersOf = (name: string) => ['node_modules', '..'].map((where) => join(PACKAGE, where, '@portward', name))

function load(): Native {
  const all = platforms()
  const there = all.filter((name) => [ownOf(name), ...foldersOf(name)].some((place) => existsSync(place)))
  // Npm has chosen the one that fits, as a rule.
  const name = there.length === 1 ? there[0]! : all.length === 1 ? all[0]! : kindOfLinux()
  if (existsSync(ownOf(name))) return require(ownOf(name)) as Native
  const folder = foldersOf(name).find((folder) => existsSync(folder))
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
    return types.isPromise(result) ? result.catch(rethrow) : result
  } catch (error) {
    throw errorOf(error)
  }
}

function rethrow(error: unknown): never {
  throw errorOf(error)
}
