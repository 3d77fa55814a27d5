// What is written of a value: into a column of its own index, and of none at all.

import assert from 'node:assert/strict'
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
