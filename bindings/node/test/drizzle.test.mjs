import assert from 'node:assert/strict'
import { test } from 'node:test'
import { and, eq } from 'drizzle-orm'
import { PgDialect, pgTable, text as pgText } from 'drizzle-orm/pg-core'
import { drizzle } from 'drizzle-orm/sql-js'
import { sqliteTable, text } from 'drizzle-orm/sqlite-core'
import initSqlJs from 'sql.js'
import { Unreadable, indexBits } from 'portward'
import { Field, Sealed, indexed, indexedBlob, sealed, sealedBlob } from 'portward/drizzle'
import { scope } from './support/fixtures.mjs'

test('an encrypted column, and a blind index to find its rows by', async () => {
  const { keys, scope: records } = await scope('record:clients')
  const bits = indexBits({ rows: 100_000, distinct: 90_000 })
  const index = await keys.scope('studio-7', 'index:clients').blindIndex({ table: 'clients', column: 'email', bits, normaliser: 'ascii-lowercase' })
  const email = new Field('clients.email')

  const clients = sqliteTable('clients', {
    id: text('id').primaryKey(),
    email: sealedBlob('email').notNull(),
    emailIndex: indexedBlob(() => index)('email_index').notNull(),
  })
  const SQL = await initSqlJs()
  const database = new SQL.Database()
  database.run('create table clients (id text primary key, email blob not null, email_index blob not null)')
  const db = drizzle(database)

  for (const [id, address] of [['1', 'ada@example.com'], ['2', 'bob@example.com'], ['3', 'eve@example.com']]) {
    await db.insert(clients).values({ id, email: await email.seal(records, id, address), emailIndex: address })
  }
  const [row, ...more] = await db.select().from(clients).where(and(eq(clients.emailIndex, 'ADA@example.com')))
  assert.deepEqual([row.id, more.length], ['1', 0])
  assert.ok(row.email instanceof Sealed)
  assert.equal(await email.open(records, row.id, row.email), 'ada@example.com')

  // Nothing of it lies there in the clear, and no row opens with another's value.
  assert.ok(!Buffer.from(database.export()).includes('ada@'))
  await assert.rejects(email.open(records, '2', row.email), Unreadable)
  await assert.rejects(new Field('clients.phone').open(records, '1', row.email), Unreadable)
  await assert.rejects(async () => db.insert(clients).values({ id: '9', email: 'in the clear', emailIndex: 'x' }))
  assert.equal(JSON.stringify(row.email), '"[sealed]"')
})

test('the same columns of PostgreSQL', async () => {
  const { keys, scope: records } = await scope('record:clients')
  const index = await keys.scope('studio-7', 'index:clients').blindIndex({ table: 'clients', column: 'email', bits: 16 })
  const clients = pgTable('clients', { id: pgText('id'), email: sealed('email'), emailIndex: indexed(() => index)('email_index') })
  assert.deepEqual([clients.email.getSQLType(), clients.emailIndex.getSQLType()], ['bytea', 'bytea'])
  const query = new PgDialect().sqlToQuery(eq(clients.emailIndex, 'ada@example.com'))
  assert.deepEqual(query.params, [index.of('ada@example.com')])
  const value = await new Field('clients.email').seal(records, '1', 'ada@example.com')
  const back = clients.email.mapFromDriverValue(clients.email.mapToDriverValue(value))
  // A query for related rows gives bytea as text.
  const asText = `\\x${value.object.toString('hex')}`
  assert.deepEqual(clients.email.mapFromDriverValue(asText).object, value.object)
  assert.equal(clients.emailIndex.mapFromDriverValue('\\x12016e'), '12016e')
  for (const wrong of ['12016e', '\\x1', '\\xzz', '']) assert.throws(() => clients.emailIndex.mapFromDriverValue(wrong), TypeError)
  assert.equal(await new Field('clients.email').open(records, '1', back), 'ada@example.com')
})
