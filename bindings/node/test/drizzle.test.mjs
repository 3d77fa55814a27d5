import assert from 'node:assert/strict'
import { test } from 'node:test'
import { and, eq } from 'drizzle-orm'
import { PgDialect, pgTable, text as pgText } from 'drizzle-orm/pg-core'
import { drizzle } from 'drizzle-orm/sql-js'
import { sqliteTable, text } from 'drizzle-orm/sqlite-core'
import initSqlJs from 'sql.js'
import { Unreadable, indexBits } from 'portward'
import { Field, Indexed, Sealed, indexed, indexedBlob, sealed, sealedBlob } from 'portward/drizzle'
import { scope } from './support/fixtures.mjs'

/** A table of clients in a database of its own, with its keys. */
async function clientsIn() {
  const { keys, scope: records } = await scope('record:clients')
  const bits = indexBits({ rows: 100_000, distinct: 90_000 })
  const index = await keys.scope('studio-7', 'index:clients').blindIndex({ table: 'clients', column: 'email', bits, normaliser: 'ascii-lowercase' })
  const clients = sqliteTable('clients', {
    id: text('id').primaryKey(),
    email: sealedBlob('email').notNull(),
    emailIndex: indexedBlob(() => index)('email_index').notNull(),
  })
  const SQL = await initSqlJs()
  const database = new SQL.Database()
  database.run('create table clients (id text primary key, email blob not null, email_index blob not null)')
  const db = drizzle(database)
  const email = new Field('clients.email', { index: () => index })
  const find = (address) => db.select().from(clients).where(and(eq(clients.emailIndex, address)))
  const add = async (id, address) => {
    const value = await email.seal(records, id, address)
    await db.insert(clients).values({ id, ...value.columns('email', 'emailIndex') })
  }
  return { records, index, clients, database, db, email, find, add }
}

test('an encrypted column, and a blind index to find its rows by', async () => {
  const { records, clients, database, db, email, find, add } = await clientsIn()
  for (const [id, address] of [['1', 'ada@example.com'], ['2', 'bob@example.com'], ['3', 'eve@example.com']]) await add(id, address)
  const [row, ...more] = await find('ADA@example.com')
  assert.deepEqual([row.id, more.length], ['1', 0])
  assert.ok(row.email instanceof Sealed && row.emailIndex instanceof Indexed)
  assert.equal(await email.open(records, row.id, row.email), 'ada@example.com')

  // Nothing of it lies there in the clear, and no row opens with another's value.
  assert.ok(!Buffer.from(database.export()).includes('ada@'))
  await assert.rejects(email.open(records, '2', row.email), Unreadable)
  await assert.rejects(new Field('clients.phone').open(records, '1', row.email), Unreadable)
  assert.equal(JSON.stringify(row), '{"id":"1","email":"[sealed]","emailIndex":"[indexed]"}')

  const insert = async (email) => db.insert(clients).values({ id: '9', email, emailIndex: 'x' })
  const told = (error) => /takes what Field.seal gives/.test(`${error} ${error.cause}`)
  for (const clear of ['in the clear', Buffer.from('in the clear'), { object: row.email.object }]) await assert.rejects(insert(clear), told)
  assert.equal((await find('x')).length, 0)
  await insert(row.email)
  assert.equal((await find('x')).length, 1)
})

test('what was never sealed is no Sealed', async () => {
  const { records } = await clientsIn()
  const { object } = await new Field('clients.email').seal(records, '1', '')
  assert.ok(new Sealed(object).object.equals(object), 'the shortest that there is')
  const changed = (at, byte) => Object.assign(Buffer.from(object), { [at]: byte })
  const wrong = [Buffer.from('in the clear '.repeat(20)), Buffer.alloc(0), object.subarray(0, -1), changed(0, 0xf4), changed(1, 2), changed(2, 2), changed(3, 2)]
  for (const bytes of wrong) assert.throws(() => new Sealed(bytes), { name: 'Unreadable', code: 'not_an_envelope' })
  assert.throws(() => new Sealed('in the clear'), { name: 'TypeError' })
})

test('a row that was read can be written back, and is still found', async () => {
  const { clients, db, records, email, find, add } = await clientsIn()
  await add('1', 'ada@example.com')
  const [row] = await find('ada@example.com')
  await db.update(clients).set(row).where(eq(clients.id, '1'))
  const [same] = await find('ada@example.com')
  assert.equal(await email.open(records, same.id, same.email), 'ada@example.com')
  assert.deepEqual(same.emailIndex.bytes, row.emailIndex.bytes)
  // A text is a value, also one that looks like an index.
  assert.equal((await find(row.emailIndex.bytes.toString('hex'))).length, 0)
})

test('a value that has an index is not written without it', async () => {
  const { clients, db, records, email, find, add } = await clientsIn()
  await add('1', 'ada@example.com')
  const value = await email.seal(records, '1', 'ben@example.com')
  const told = (error) => /what is written is `columns` of it/.test(`${error} ${error.cause}`)
  await assert.rejects(async () => db.update(clients).set({ email: value }).where(eq(clients.id, '1')), told)
  assert.equal((await find('ada@example.com')).length, 1)

  const both = value.columns('email', 'emailIndex')
  assert.deepEqual([Object.keys(both), both.email instanceof Sealed, both.emailIndex instanceof Indexed], [['email', 'emailIndex'], true, true])
  const update = db.update(clients).set(both).where(eq(clients.id, '1'))
  // However often it is looked at.
  for (let look = 0; look < 3; look++) assert.match(update.toSQL().sql, /"email_index" = \?/)
  await update
  const [[row], old] = [await find('ben@example.com'), await find('ada@example.com')]
  assert.deepEqual([await email.open(records, '1', row.email), old.length], ['ben@example.com', 0])
  // A later write without it, or one beside it, would leave an old index.
  await assert.rejects(async () => db.update(clients).set({ email: value }).where(eq(clients.id, '1')), told)
  const merged = db.insert(clients).values({ id: '1', ...both }).onConflictDoUpdate({ target: clients.id, set: { email: value } })
  await assert.rejects(async () => merged, told)
  assert.equal((await find('ben@example.com')).length, 1)
  // Neither can be put together from what somebody has at hand.
  assert.throws(() => new Indexed(Buffer.from('ada@example.com')), TypeError)
  assert.throws(() => Object.assign(value, { object: Buffer.from('clear') }), TypeError)
  assert.throws(() => row.email.columns('email', 'emailIndex'), { name: 'TypeError', message: /was read/ })
  assert.throws(() => value.columns('email', 'email'), { name: 'TypeError', message: /^index: / })
  const plain = await new Field('clients.notes').seal(records, '1', 'x')
  assert.throws(() => plain.columns('email', 'emailIndex'), { name: 'TypeError' })
  await db.update(clients).set({ email: plain }).where(eq(clients.id, '1'))
  assert.throws(() => new Field('clients.email', { index: 7 }), { name: 'TypeError', message: /^index: / })
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
  const read = clients.emailIndex.mapFromDriverValue('\\x12016e')
  assert.deepEqual([read.bytes.toString('hex'), clients.emailIndex.mapToDriverValue(read)], ['12016e', read.bytes])
  for (const wrong of ['12016e', '\\x1', '\\xzz', '']) assert.throws(() => clients.emailIndex.mapFromDriverValue(wrong), TypeError)
  assert.equal(await new Field('clients.email').open(records, '1', back), 'ada@example.com')
})
