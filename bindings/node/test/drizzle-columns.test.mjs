// What is written of a value: into a column of its own index, and of none at all.

import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { test } from 'node:test'
import { eq, sql } from 'drizzle-orm'
import { pgTable } from 'drizzle-orm/pg-core'
import { drizzle } from 'drizzle-orm/sql-js'
import { sqliteTable, text } from 'drizzle-orm/sqlite-core'
import initSqlJs from 'sql.js'
import { Field, indexed, indexedBlob, sealed, sealedBlob } from 'portward/drizzle'
import { scope } from './support/fixtures.mjs'

/** Clients with an email and a phone, each with its index, and keys for them. */
async function clients() {
  const { keys, scope: records } = await scope('record:clients')
  const of = (options, name = 'index:clients') => keys.scope('studio-7', name).blindIndex({ table: 'clients', column: 'email', bits: 32, ...options })
  const [email, phone] = [await of({}), await of({ column: 'phone' })]
  const table = sqliteTable('clients', {
    id: text('id').primaryKey(),
    email: sealedBlob('email'),
    emailIndex: indexedBlob(() => email)('email_index'),
    phone: sealedBlob('phone'),
    phoneIndex: indexedBlob(() => phone)('phone_index'),
  })
  const database = new (await initSqlJs()).Database()
  database.run('create table clients (id text primary key, email blob, email_index blob, phone blob, phone_index blob)')
  const sealing = (index) => (id, value) => new Field('clients.email', { index: () => index }).seal(records, id, value)
  return { keys, of, email, phone, table, db: drizzle(database), sealing, seal: sealing(email) }
}

test('a value goes into no column of another index', async () => {
  const { of, email, table, sealing, seal } = await clients()
  const value = await seal('1', 'ada@example.com')
  assert.deepEqual(value.columns(table, 'email', 'emailIndex').emailIndex.bytes, email.of('ada@example.com'))
  const other = { name: 'TypeError', message: /^index: the column is of another index/ }
  assert.throws(() => value.columns(table, 'email', 'phoneIndex'), other)
  const others = [{ version: 2 }, { bits: 31 }, { name: 'prefix' }, { normaliser: 'digits' }, { table: 'people' }].map((options) => of(options))
  for (const index of await Promise.all([...others, of({}, 'index:people')])) {
    assert.throws(() => value.columns(pgTable('clients', { email: sealed(), emailIndex: indexed(() => index)() }), 'email', 'emailIndex'), other)
    const by = await sealing(index)('1', '7')
    assert.throws(() => by.columns(table, 'email', 'emailIndex'), other)
  }
  // The same, made again.
  const again = await sealing(await of({ name: 'eq', normaliser: 'exact', version: 1 }))('1', 'ben@example.com')
  assert.deepEqual(again.columns(table, 'email', 'emailIndex').emailIndex.bytes, email.of('ben@example.com'))
})

test('a column is of the index of whatever tenant is at hand', async () => {
  const { keys, email, sealing } = await clients()
  await keys.newTenant('studio-8')
  const ofOther = await keys.scope('studio-8', 'index:clients').blindIndex({ table: 'clients', column: 'email', bits: 32 })
  let atHand = ofOther
  const table = pgTable('clients', { email: sealed(), emailIndex: indexed(() => atHand)() })
  const value = await sealing(email)('1', 'ada@example.com')
  assert.deepEqual(value.columns(table, 'email', 'emailIndex').emailIndex.bytes, email.of('ada@example.com'))
  atHand = undefined
  assert.throws(() => value.columns(table, 'email', 'emailIndex'), { name: 'TypeError', message: /^index: a BlindIndex/ })
})

test('each request has the index of its tenant at hand, as the README says', async () => {
  const { keys, db } = await clients()
  await keys.newTenant('studio-8')
  const atHand = new AsyncLocalStorage()
  const table = sqliteTable('clients', { id: text('id'), email: sealedBlob('email'), emailIndex: indexedBlob(() => atHand.getStore())('email_index') })
  const field = new Field('clients.email', { index: () => atHand.getStore() })
  const request = async (tenant) => {
    const index = await keys.scope(tenant, 'index:clients').blindIndex({ table: 'clients', column: 'email', bits: 32 })
    return atHand.run(index, async () => {
      const value = await field.seal(keys.scope(tenant, 'record:clients'), tenant, 'ada@example.com')
      await db.insert(table).values({ id: tenant, ...value.columns(table, 'email', 'emailIndex') })
      return (await db.select().from(table).where(eq(table.emailIndex, 'ada@example.com'))).map(({ id }) => id)
    })
  }
  assert.deepEqual(await Promise.all(['studio-7', 'studio-8'].map(request)), [['studio-7'], ['studio-8']])
})

test('a value that is none: with its index, also in a statement that is prepared', async () => {
  const { table, db, seal } = await clients()
  const find = (address) => db.select({ id: table.id, email: table.email }).from(table).where(eq(table.emailIndex, address))
  const value = await seal('1', 'ada@example.com')
  await db.insert(table).values({ id: '1', ...value.columns(table, 'email', 'emailIndex') })
  assert.equal((await find('ada@example.com')).length, 1)
  // As the README warns: by the index alone the row is found on.
  await db.update(table).set({ email: null })
  assert.deepEqual(await find('ada@example.com'), [{ id: '1', email: null }])
  await db.update(table).set({ email: null, emailIndex: null })
  assert.deepEqual(await find('ada@example.com'), [])

  const names = Object.fromEntries(['id', 'email', 'emailIndex'].map((name) => [name, sql.placeholder(name)]))
  const prepared = db.insert(table).values(names).prepare()
  await prepared.run({ id: '2', email: null, emailIndex: null })
  await prepared.run({ id: '3', ...(await seal('3', 'ben@example.com')).columns(table, 'email', 'emailIndex') })
  const [none] = await db.select().from(table).where(eq(table.id, '2'))
  assert.deepEqual([none.email, none.emailIndex, (await find('ben@example.com')).length], [null, null, 1])
  for (const wrong of [undefined, 'in the clear', 0, '']) {
    await assert.rejects(async () => prepared.run({ id: '4', email: wrong, emailIndex: null }), (error) => /takes what Field.seal gives/.test(`${error} ${error.cause}`))
  }
  // What is asked for and is none is not found.
  assert.deepEqual(await db.select().from(table).where(eq(table.emailIndex, sql.param(sql.placeholder('email'), table.emailIndex))).prepare().all({ email: null }), [])
})
