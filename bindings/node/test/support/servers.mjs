// The ready parts, each in a small application.

import express from 'express'
import fastify from 'fastify'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { portward as forExpress } from 'portward/express'
import { portward as forFastify } from 'portward/fastify'
import { portward as forWeb } from 'portward/web'

export async function fastifyWith(options, add) {
  const app = fastify()
  await app.register(forFastify, options)
  add(app)
  await app.ready()
  return app.routing
}

/** Servers that tell the tenant of who may read the file in the path. */
export const SERVERS = {
  async Express(options) {
    const gate = forExpress(options)
    const app = express().use(gate.routes).get('/files/:id', gate.requires('files:read', ({ params }) => params.id), (request, response) => {
      response.json({ tenant: gate.access(request).tenant })
    })
    return app
  },
  async Fastify(options) {
    return fastifyWith(options, (app) => {
      app.get('/files/:id', { onRequest: app.requires('files:read', ({ params }) => params.id) }, async ({ access }) => ({ tenant: access.tenant }))
    })
  },
  async Hono(options) {
    const gate = forWeb(options)
    const app = new Hono().use(gate.hono).get('/files/:id', (context) => {
      const access = gate.access(context.req.raw, 'files:read', context.req.param('id'))
      return access instanceof Response ? access : context.json({ tenant: access.tenant })
    })
    return getRequestListener(app.fetch)
  },
  async 'a route handler of Next.js'(options) {
    const portal = forWeb(options)
    const idOf = async (_, { params }) => (await params).id
    const GET = portal.requires('files:read', async (_, access, { params }) => Response.json({ tenant: access.tenant, id: (await params).id }), idOf)
    const files = (request) => GET(request, { params: Promise.resolve({ id: decodeURIComponent(new URL(request.url).pathname.slice(7)) }) })
    return getRequestListener(async (request) => (await portal.answer(request)) ?? files(request))
  },
}
