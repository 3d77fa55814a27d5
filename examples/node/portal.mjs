// A portal's back end with Fastify: a studio makes links, its clients come with them, read files and write messages.

import { createHash, timingSafeEqual } from 'node:crypto'
import fastify from 'fastify'
import { Portal, PortwardError } from 'portward'
import { frameworkErrors, portward } from 'portward/fastify'

/** `store` for links, `keys` for what is encrypted, `origin` of the portal, `studioKey` that the studio's own systems come with. */
export async function portalApp({ store, keys, origin, studioKey, log = () => {} }) {
  const portal = new Portal(origin, { page: { title: 'Your files', button: 'Open' } })
  const parts = { portal, store, log }
  const app = fastify({ frameworkErrors: frameworkErrors(parts) })
  await app.register(portward, parts)

  // Files are sealed in memory here; a real portal keeps the objects in a bucket.
  const files = new Map()
  const messages = []
  const scopeOf = (tenant) => keys.scope(tenant, 'file:contents')
  const of = (id) => ({ name: 'files.content', id })

  // What an access does not suffice for is the one refusal; nobody is told more of what else fails.
  app.setErrorHandler((error, request, reply) => {
    if (error instanceof PortwardError) return app.refusals(error, request, reply)
    return reply.code(error.statusCode ?? 500).send({ error: 'failed' })
  })

  /** The studio's side. */
  app.register(async (studio) => {
    studio.setErrorHandler((error, request, reply) => {
      if (!(error instanceof PortwardError)) throw error
      return reply.code(error.public === 'unavailable' ? 503 : 400).send({ error: error.code })
    })
    studio.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_, body, done) => done(null, body))
    studio.addHook('onRequest', async (request, reply) => {
      if (!isKey(request.headers['x-studio-key'], studioKey)) return reply.code(401).send({ error: 'unauthorized' })
    })
    studio.post('/studio/:tenant/links', async ({ params, body }) => {
      const { client, permissions, label } = body
      const link = await store.issue(params.tenant, client, permissions, { label })
      return { id: link.id, url: portal.linkUrl(link.token), expiresAt: link.expiresAt }
    })
    studio.delete('/studio/:tenant/links/:id', async ({ params }) => ({ stamp: await store.revokeLink(params.tenant, params.id) }))
    studio.put('/studio/:tenant/files/:id', async ({ params, body }) => {
      files.set(`${params.tenant}/${params.id}`, await scopeOf(params.tenant).seal(body, of(params.id)))
      return { sealed: true }
    })
  })

  /** The client's side, behind a session. Whose data it is, the session says, never the request. */
  app.get('/portal/', { onRequest: app.session() }, async ({ access }) => ({
    tenant: access.tenant,
    client: access.client,
    permissions: [...access.permissions],
    expiresAt: access.expiresAt,
  }))

  app.get('/files/:id', { onRequest: app.requires('files:read', ({ params }) => params.id) }, async ({ access, params }, reply) => {
    const object = files.get(`${access.tenant}/${params.id}`)
    if (object === undefined) return reply.code(404).send({ error: 'missing' })
    return reply.type('application/octet-stream').send(await scopeOf(access.tenant).open(object, of(params.id)))
  })

  app.post('/messages', { onRequest: app.requires('messages:send') }, async ({ access, body }, reply) => {
    // One that is about a file is for who may read that.
    if (body.file !== undefined) access.require('files:read', String(body.file))
    messages.push({ tenant: access.tenant, from: access.client, text: String(body.text), file: body.file })
    return reply.code(201).send({ number: messages.length })
  })

  return app
}

/** In a time that says nothing of where they differ. */
function isKey(came, key) {
  const digest = (text) => createHash('sha256').update(String(text)).digest()
  return timingSafeEqual(digest(came), digest(key))
}
