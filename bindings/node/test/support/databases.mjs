// Where the stores of a test lie: files of SQLite, or databases of the PostgreSQL server that `cargo xtask test` starts.

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const SERVER = process.env.PORTWARD_TEST_POSTGRES
const psql = (statement) => promisify(execFile)('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', SERVER, '-c', statement])

export const SQLITE = {
  name: 'SQLite',
  /** An empty place, and what removes it. */
  fresh: async (path, name) => ({ location: `sqlite:${join(path, `${name}.db`)}`, drop: async () => {} }),
}

export const POSTGRES = {
  name: 'PostgreSQL',
  async fresh(_, name) {
    const database = `${name}_${randomBytes(16).toString('hex')}`
    await psql(`CREATE DATABASE ${database} TEMPLATE template0`)
    const location = new URL(SERVER)
    location.pathname = database
    return { location: location.href, drop: () => psql(`DROP DATABASE ${database} WITH (FORCE)`) }
  },
}

/** Why what needs a server is skipped, if it is. */
export const withoutServer = !SERVER && 'no PORTWARD_TEST_POSTGRES: see README'

/** A test of each kind of database. */
export function onEach(name, body) {
  for (const database of [SQLITE, POSTGRES]) {
    const skip = database === POSTGRES && withoutServer
    test(`${name} (${database.name})`, { skip }, () => body(database))
  }
}
