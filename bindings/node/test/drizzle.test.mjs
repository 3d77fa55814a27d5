import assert from 'node:assert/strict'
import { test } from 'node:test'
import { and, eq, inArray, like, sql } from 'drizzle-orm'
import { PgDialect, pgTable, text as pgText } from 'drizzle-orm/pg-core'
import { drizzle } from 'drizzle-orm/sql-js'
import { alias, blob, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import initSqlJs from 'sql.js'
import { Unreadable, indexBits } from 'portward'
import { Field, Indexed, Sealed, indexed, indexedBlob, sealed, sealedBlob } from 'portward/drizzle'
import { scope } from './support/fixtures.mjs'

/** A table of clients in a database of its own, with the index at hand, and what was sent to it. */
async function clientsBy(index) {
  const clients = sqliteTable('clients', {
    id: text('id').primaryKey(),
    email: sealedBlob('email').notNull(),
    emailIndex: indexedBlob(index)('email_index').notNull(),
  })
  const SQL = await initSqlJs()
  const database = new SQL.Database()
  database.run('create table clients (id text primary key, email blob not null, email_index blob not null)')
  const sent = []
  const db = drizzle(database, { logger: { logQuery: (_, params) => sent.push(params) } })
  return { clients, database, db, sent }
}

/** The same with its keys. */
async function clientsIn() {
  const { keys, scope: records } = await scope('record:clients')
  // So many that none is equal by chance.
  const bits = indexBits({ rows: 2 ** 40, distinct: 2 ** 39 })
  const index = await keys.scope('studio-7', 'index:clients').blindIndex({ table: 'clients', column: 'email', bits, normaliser: 'ascii-lowercase' })
  const { clients, database, db } = await clientsBy(() => index)
  const email = new Field('clients.email', { index: () => index })
  const find = (address) => db.select().from(clients).where(and(eq(clients.emailIndex, address)))
  const add = async (id, address) => {
    const value = await email.seal(records, id, address)
    await db.insert(clients).values({ id, ...value.columns(clients, 'email', 'emailIndex') })
  }
  return { records, index, clients, database, db, email, find, add }
}

test('what another program has sealed there opens if it is a text, with all of its characters', async () => {
  const { records, email } = await clientsIn()
  const opened = async (bytes) => email.open(records, '1', new Sealed(await records.seal(bytes, { name: 'clients.email', id: '1' })))
  assert.equal(await opened(Buffer.from('\ufeffada')), '\ufeffada')
  await assert.rejects(opened(Buffer.of(0x61, 0xff)), { name: 'Unreadable', code: 'text_not_utf8' })
})

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

  const both = value.columns(clients, 'email', 'emailIndex')
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
  assert.throws(() => row.email.columns(clients, 'email', 'emailIndex'), { name: 'TypeError', message: /was read/ })
  assert.throws(() => value.columns(clients, 'email', 'email'), { name: 'TypeError', message: /^index: / })
  const plain = await new Field('clients.notes').seal(records, '1', 'x')
  assert.throws(() => plain.columns(clients, 'email', 'emailIndex'), { name: 'TypeError' })
  await db.update(clients).set({ email: plain }).where(eq(clients.id, '1'))
  assert.throws(() => new Field('clients.email', { index: 7 }), { name: 'TypeError', message: /^index: / })
})

test('a value goes into columns that the table has, each into its own', async () => {
  const { index, clients, db, records, email, find, add } = await clientsIn()
  await add('1', 'ada@example.com')
  const value = await email.seal(records, '1', 'ben@example.com')
  const more = sqliteTable('clients', { id: text('id'), email: sealedBlob('email'), emailIndex: indexedBlob(() => index)('email_index'), notes: blob('notes') })
  for (const table of [clients, more]) {
    const wrong = { value: ['mail', 'id', 'emailIndex', 'notes', 'toString', '__proto__'], index: ['mailIndex', 'email_index', 'id', 'email', 'notes', 'toString'] }
    for (const name of wrong.value) assert.throws(() => value.columns(table, name, 'emailIndex'), { name: 'TypeError', message: /^value: / })
    for (const name of wrong.index) assert.throws(() => value.columns(table, 'email', name), { name: 'TypeError', message: /^index: / })
  }
  assert.throws(() => value.columns({ email: more.email, emailIndex: more.emailIndex }, 'email', 'emailIndex'), { name: 'TypeError', message: /^table: / })
  assert.equal((await find('ada@example.com')).length, 1)
  for (const table of [more, alias(clients, 'others')]) assert.deepEqual(Object.keys(value.columns(table, 'email', 'emailIndex')), ['email', 'emailIndex'])
  const ofPostgres = pgTable('clients', { email: sealed('email').notNull(), emailIndex: indexed(() => index)().notNull() })
  assert.deepEqual(Object.keys(value.columns(ofPostgres, 'email', 'emailIndex')), ['email', 'emailIndex'])
  await db.update(clients).set(value.columns(more, 'email', 'emailIndex')).where(eq(clients.id, '1'))
  assert.deepEqual([(await find('ada@example.com')).length, (await find('ben@example.com')).length], [0, 1])
})

test('a prepared statement makes the index at each run of what is a parameter of the column, and of nothing else', async () => {
  const { keys, scope: ofOne } = await scope('record:clients')
  await keys.newTenant('studio-8')
  const of = async (tenant) => keys.scope(tenant, 'index:clients').blindIndex({ table: 'clients', column: 'email', bits: 32 })
  const indexes = { 'studio-7': await of('studio-7'), 'studio-8': await of('studio-8') }
  let tenant = 'studio-7'
  const { clients, db, sent } = await clientsBy(() => indexes[tenant])
  const email = new Field('clients.email', { index: () => indexes[tenant] })
  for (tenant of ['studio-7', 'studio-8']) {
    const value = await email.seal(keys.scope(tenant, ofOne.name), tenant, 'ada@example.com')
    await db.insert(clients).values({ id: tenant, ...value.columns(clients, 'email', 'emailIndex') })
  }
  const ask = (where) => db.select({ id: clients.id }).from(clients).where(where).prepare()
  const email_ = sql.param(sql.placeholder('email'), clients.emailIndex)
  const [filled, listed, told] = [ask(eq(clients.emailIndex, email_)), ask(inArray(clients.emailIndex, [email_])), ask(eq(clients.emailIndex, 'ada@example.com'))]
  for (tenant of ['studio-7', 'studio-8']) {
    for (const statement of [filled, listed]) {
      assert.deepEqual(statement.all({ email: 'ada@example.com' }), [{ id: tenant }])
      assert.deepEqual(sent.at(-1), [indexes[tenant].of('ada@example.com')])
      assert.deepEqual(statement.all({ email: 'bob@example.com' }), [])
    }
    // As the documentation says: this one keeps the tenant for whom it was prepared.
    assert.deepEqual(told.all(), [{ id: 'studio-8' }])
  }
  // And warns of these, which Drizzle gives no column to encode.
  for (const statement of [ask(eq(clients.emailIndex, sql.placeholder('email'))), ask(like(clients.emailIndex, 'ada@example.com'))]) {
    assert.deepEqual([statement.all({ email: 'ada@example.com' }), sent.at(-1)], [[], ['ada@example.com']])
  }
})

test('an index of another tenant, or what is none, is refused', async () => {
  const { keys, scope: records } = await scope('record:clients')
  await keys.newTenant('studio-8')
  const of = (tenant) => keys.scope(tenant, 'index:clients').blindIndex({ table: 'clients', column: 'email', bits: 32 })
  const [index, foreign] = [await of('studio-7'), await of('studio-8')]
  const sealing = (index) => new Field('clients.email', { index: () => index }).seal(records, '1', 'ada@example.com')
  const { clients } = await clientsBy(() => index)
  assert.deepEqual((await sealing(index)).columns(clients, 'email', 'emailIndex').emailIndex.bytes, index.of('ada@example.com'))
  await assert.rejects(sealing(foreign), { name: 'TypeError', message: /^index: .*another tenant/ })
  for (const wrong of [undefined, null, {}, { of: () => Buffer.from('ada@example.com') }, Object.create(index), Promise.resolve(index)]) {
    await assert.rejects(sealing(wrong), { name: 'TypeError', message: /^index: a BlindIndex/ })
    const { clients } = await clientsBy(() => wrong)
    assert.throws(() => clients.emailIndex.mapToDriverValue('ada@example.com'), { name: 'TypeError', message: /^index: a BlindIndex/ })
  }
})

test('nothing of a value stays in memory, and none is shared with others', async (t) => {
  const { records, index, clients } = await clientsIn()
  const word = 'a-word-that-stands-nowhere-else'
  const allocate = Buffer.allocUnsafeSlow
  const made = []
  t.mock.method(Buffer, 'allocUnsafeSlow', (length) => made[made.push(allocate(length)) - 1])
  const isThere = () => made.some((bytes) => bytes.includes(word))
  const isShared = () => Buffer.from(Buffer.from('x').buffer).toString('latin1').includes(word)
  const sealing = new Field('clients.email', { index: () => index }).seal(records, '1', word)
  assert.deepEqual([isThere(), isShared()], [true, false])
  const value = await sealing
  assert.deepEqual([isThere(), isShared()], [false, false])
  Buffer.from(word)
  assert.ok(isShared(), 'it would be seen')

  const { email, emailIndex } = value.columns(clients, 'email', 'emailIndex')
  const read = clients.emailIndex.mapFromDriverValue(`\\x${emailIndex.bytes.toString('hex')}`)
  const all = [value.object, email.object, clients.email.mapToDriverValue(email), emailIndex.bytes, read.bytes, clients.emailIndex.mapToDriverValue('x'), clients.emailIndex.mapToDriverValue(read)]
  for (const bytes of all) assert.equal(bytes.buffer.byteLength, bytes.length)
  assert.notEqual(Buffer.from(value.object).buffer.byteLength, value.object.length)
})

test('what is kept is what was looked at', async () => {
  const { records } = await clientsIn()
  const { object } = await new Field('clients.email').seal(records, '1', '')
  class Says extends Uint8Array {
    valueOf() {
      return 'in the clear '.repeat(9)
    }
    [Symbol.toPrimitive]() {
      return 'in the clear '.repeat(9)
    }
    get length() {
      return 500
    }
    *[Symbol.iterator]() {
      yield* object
    }
  }
  assert.deepEqual(new Sealed(Says.from(object)).object, object)
  assert.throws(() => new Sealed(Says.from(object.subarray(0, 20))), { name: 'Unreadable', code: 'not_an_envelope' })
  assert.throws(() => new Sealed(Says.from(Buffer.alloc(object.length))), { name: 'Unreadable', code: 'not_an_envelope' })
})

test('bytes are read in whatever form drivers give them, and nothing else', async () => {
  const { records, index, clients } = await clientsIn()
  const { object } = await new Field('clients.email').seal(records, '1', 'x')
  const indexBytes = index.of('x')
  const forms = (bytes) => [bytes, new Uint8Array(bytes), new Uint8Array(bytes).buffer, [...bytes], `\\x${bytes.toString('hex')}`]
  for (const form of forms(object)) assert.deepEqual(clients.email.mapFromDriverValue(form).object, object)
  for (const form of forms(indexBytes)) assert.deepEqual(clients.emailIndex.mapFromDriverValue(form).bytes, indexBytes)
  for (const wrong of [7, {}, null, true, ['1'], [256], [-1], [1.5], new Uint16Array(4), 'ada@example.com', new SharedArrayBuffer(100)]) {
    for (const column of [clients.email, clients.emailIndex]) assert.throws(() => column.mapFromDriverValue(wrong), { name: 'TypeError', message: /^the driver gave/ })
  }
})

test('there is no array of sealed values, which Drizzle would write as text', async () => {
  const { index } = await clientsIn()
  for (const column of [sealed, indexed(() => index)]) {
    for (const builder of [column(), column('name'), column('name').notNull().unique()]) assert.throws(() => builder.array(), { name: 'TypeError', message: /array/ })
  }
  assert.equal(pgText('names').array().constructor.name, 'PgArrayBuilder')
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
