// The columns of Drizzle on a PostgreSQL server, by each driver that Drizzle has for one.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { eq, relations, sql } from 'drizzle-orm'
import { drizzle as ofPg } from 'drizzle-orm/node-postgres'
import { pgTable, text } from 'drizzle-orm/pg-core'
import { drizzle as ofPostgres } from 'drizzle-orm/postgres-js'
import pg from 'pg'
import postgres from 'postgres'
import { Unreadable } from 'portward'
import { Field, Indexed, Sealed, indexed, sealed } from 'portward/drizzle'
import { POSTGRES, withoutServer as skip } from './support/databases.mjs'
import { scope } from './support/fixtures.mjs'

const DRIVERS = {
  pg(location, schema) {
    const pool = new pg.Pool({ connectionString: location })
    return { db: ofPg(pool, { schema }), end: () => pool.end() }
  },
  postgres(location, schema) {
    const client = postgres(location)
    return { db: ofPostgres(client, { schema }), end: () => client.end() }
  },
}

/** Tables whose index is the one at hand. */
function tablesOf(index) {
  const clients = pgTable('clients', { id: text('id').primaryKey(), email: sealed('email').notNull(), emailIndex: indexed(index)('email_index').notNull() })
  const visits = pgTable('visits', { id: text('id').primaryKey(), clientId: text('client_id').notNull() })
  const visitsOf = relations(visits, ({ one }) => ({ client: one(clients, { fields: [visits.clientId], references: [clients.id] }) }))
  return { clients, visits, visitsOf }
}

for (const [driver, connect] of Object.entries(DRIVERS)) {
  test(`sealed, found by its index, and rotated (${driver})`, { skip }, async () => {
    const { keys, scope: records } = await scope('record:clients')
    const indexes = keys.scope('studio-7', 'index:clients')
    const version = (version) => indexes.blindIndex({ table: 'clients', column: 'email', bits: 24, normaliser: 'ascii-lowercase', version })
    let index = await version(1)
    const email = new Field('clients.email', { index: () => index })
    const { clients, visits, visitsOf } = tablesOf(() => index)
    const { location, drop } = await POSTGRES.fresh('', 'drizzle')
    const { db, end } = connect(location, { clients, visits, visitsOf })
    after(() => end().then(drop))
    await db.execute(sql`CREATE TABLE clients (id text PRIMARY KEY, email bytea NOT NULL, email_index bytea NOT NULL)`)
    await db.execute(sql`CREATE TABLE visits (id text PRIMARY KEY, client_id text NOT NULL REFERENCES clients)`)
    const columns = async (id, address) => (await email.seal(records, id, address)).columns(clients, 'email', 'emailIndex')
    const find = async (address) => {
      const rows = await db.select().from(clients).where(eq(clients.emailIndex, address))
      return Promise.all(rows.map(async (row) => [row.id, await email.open(records, row.id, row.email)]))
    }

    const insert = db.insert(clients).values([{ id: '1', ...(await columns('1', 'ada@example.com')) }, { id: '2', ...(await columns('2', 'bob@example.com')) }])
    assert.match(insert.toSQL().sql, /insert into "clients"/)
    await insert
    assert.deepEqual(await find('ADA@example.com'), [['1', 'ada@example.com']])
    assert.deepEqual(await find('eve@example.com'), [])
    const ask = eq(clients.emailIndex, sql.param(sql.placeholder('email'), clients.emailIndex))
    const prepared = db.select({ id: clients.id }).from(clients).where(ask).prepare('by_email')
    assert.deepEqual(await prepared.execute({ email: 'ADA@example.com' }), [{ id: '1' }])
    const lies = await db.execute(sql`SELECT count(*)::int AS clear FROM clients WHERE position('example'::bytea IN email) > 0`)
    assert.deepEqual([...(lies.rows ?? lies)], [{ clear: 0 }])
    await assert.rejects(async () => db.update(clients).set({ email: 'in the clear' }), (error) => /what Field.seal gives/.test(`${error} ${error.cause}`))

    // A row of another's value does not open; a query for related rows gives both columns, too.
    const [row] = await db.select().from(clients).where(eq(clients.id, '1'))
    await assert.rejects(email.open(records, '2', row.email), Unreadable)
    await db.insert(visits).values({ id: '9', clientId: '1' })
    const { client } = await db.query.visits.findFirst({ with: { client: true } })
    assert.ok(client.email instanceof Sealed && client.emailIndex instanceof Indexed)
    assert.equal(await email.open(records, client.id, client.email), 'ada@example.com')
    // What was read goes back as it is.
    await db.update(clients).set(client).where(eq(clients.id, client.id))
    assert.deepEqual(await find('ada@example.com'), [['1', 'ada@example.com']])

    // Under a new data key and a new version of the index: old values open, and are found once they are written again.
    await records.rotate()
    await keys.rotateTenant('studio-7')
    assert.deepEqual(await find('bob@example.com'), [['2', 'bob@example.com']])
    index = await version(2)
    assert.deepEqual(await find('bob@example.com'), [])
    for (const { id, email: old } of await db.select().from(clients)) {
      await db.update(clients).set(await columns(id, await email.open(records, id, old))).where(eq(clients.id, id))
    }
    assert.deepEqual([await find('ada@example.com'), await find('bob@example.com')], [[['1', 'ada@example.com']], [['2', 'bob@example.com']]])
    assert.deepEqual(await prepared.execute({ email: 'ada@example.com' }), [{ id: '1' }])
    await records.destroy({ backupsKept: 0 })
    await assert.rejects(find('bob@example.com'), (error) => error.code === 'data_key_destroyed')
  })
}
