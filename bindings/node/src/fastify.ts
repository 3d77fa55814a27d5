/**
 * The rules for Fastify: `await app.register(portward, { portal, store })`.
 *
 * @packageDocumentation
 */

import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions, onRequestAsyncHookHandler } from 'fastify'
import type { Access } from './access'
import { having, maybeCallable } from './arguments'
import { failure, Refused } from './errors'
import { Gate, type GateOptions, isAccess } from './gate'
import { answered, keepApart, keepSaying, requestOf } from './node-http'
import type { Answer } from './portal'

export type { GateOptions, Links, Refusal, Sessions } from './gate'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the session grants: behind `session()` or `requires()`. Errors: `Refused` (`session_missing`) elsewhere. */
    readonly access: Access
  }
  interface FastifyInstance {
    /** A hook `onRequest` that lets nobody pass without a session. Throws nothing. */
    session(): onRequestAsyncHookHandler
    /**
     * A hook `onRequest` that lets nobody pass without a session that grants this, on the resource if one is told. Errors: `InvalidValue`
     * (`unknown_permission`), if there is a store, whose deployment knows.
     */
    requires(permission: string, resource?: (request: AddressedRequest) => string | undefined): onRequestAsyncHookHandler
    /**
     * Answers what `access.require` throws in a handler, which Fastify would tell in full: `app.setErrorHandler(app.refusals)`. The
     * application's own errors go on to Fastify's own handler.
     */
    readonly refusals: (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply
  }
}

/** A request whose path has parameters. */
export type AddressedRequest = FastifyRequest<{ Params: Record<string, string> }>

/**
 * The plugin, for the application itself. It serves the routes of the portal before any body is parsed. Errors: an `Error` in an inner context; a
 * `TypeError` without a `store`, or `links` and `sessions` in its place.
 */
export async function portward(app: FastifyInstance, options: GateOptions): Promise<void> {
  having<FastifyInstance>('app', ['decorate', 'decorateRequest', 'addHook'], app)
  // An inner one is made of the one around it, and its hooks see its own routes alone: links would go to a page that knows none.
  const around = Object.getPrototypeOf(app) as Partial<FastifyInstance> | null
  if (typeof around?.addHook === 'function') throw new Error('portward: register it on the application itself, not in an inner context')
  const gate = new Gate(options)
  const accesses = new WeakMap<FastifyRequest, Access>()

  const guard = async (request: FastifyRequest, reply: FastifyReply, permission?: string, resource?: () => unknown) => {
    const access = gate.access(requestOf(request.raw, request.originalUrl), permission, resource)
    if (!isAccess(access)) return end(reply, access)
    accesses.set(request, access)
    keepApart(reply.raw)
  }

  app.decorateRequest('access', {
    getter() {
      const access = accesses.get(this)
      if (access === undefined) throw new Refused('the route is not behind a session', 'session_missing')
      return access
    },
  })
  app.decorate('session', () => async (request, reply) => guard(request, reply))
  app.decorate('requires', (permission, resource) => {
    gate.lookUp(permission)
    maybeCallable('resource', resource)
    return async (request, reply) => guard(request, reply, permission, resource && (() => resource(request as AddressedRequest)))
  })
  app.decorate('refusals', (error, request, reply) => {
    const answer = gate.thrown(requestOf(request.raw, request.originalUrl), error)
    // What is no error Fastify would send as an answer.
    return answer === null ? reply.send(failure(error)) : send(reply, answer)
  })
  app.addHook('onRequest', async (request, reply) => {
    const answer = await answered(gate, request.raw, request.originalUrl)
    if (answer !== null) return end(reply, answer)
  })
}

/**
 * For `fastify({ frameworkErrors: frameworkErrors({ portal, store }) })`: Fastify looks at the escapes in a path before any plugin is asked, and
 * would answer a damaged link itself, without the headers that its token needs. Errors: a `TypeError` without a `store`, or `links` and `sessions` in
 * its place.
 */
export function frameworkErrors(options: GateOptions): NonNullable<FastifyServerOptions['frameworkErrors']> {
  const gate = new Gate(options)
  return (error, request, reply) => {
    const done = (answer: Answer | null) => send(reply as FastifyReply, answer ?? otherwise(error.message))
    answered(gate, request.raw, request.raw.url ?? '').then(done, () => done(null))
  }
}

function otherwise(message: string): Answer {
  return { status: 400, headers: [['content-type', 'text/plain']], body: message, reason: null, tokenId: null }
}

// It is for the application around it, not for an inner one. What `fastify-plugin` does.
Object.assign(portward, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'portward' })

/**
 * From a hook: nothing of the application comes after it. Fastify goes on where a hook is over and nothing was sent, and that is so of whoever
 * hangs up while a hook `onSend` of the application is at work.
 */
async function end(reply: FastifyReply, answer: Answer): Promise<FastifyReply> {
  await send(reply, answer)
  if (!reply.sent) reply.hijack()
  return reply
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  reply.code(answer.status)
  for (const [name, value] of answer.headers) reply.header(name, value)
  keepSaying(reply.raw, answer)
  return reply.send(answer.body)
}
