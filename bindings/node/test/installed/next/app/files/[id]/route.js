// A handler behind a guard, with a store.

import { Keyring, Portal, Store } from 'portward'
import { portward } from 'portward/web'

export const dynamic = 'force-dynamic'

let web
async function portal() {
  const keyring = await Keyring.open(process.env.PORTWARD_KEYRING)
  return portward({ portal: new Portal('https://portal.example'), store: await Store.open(process.env.PORTWARD_STORE, keyring) })
}

export async function GET(request, context) {
  const { requires } = await (web ??= portal())
  return requires('files:read', async (_, access, { params }) => Response.json({ tenant: access.tenant, id: (await params).id }))(request, context)
}
