/**
 * The rules for Express.
 *
 * @packageDocumentation
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Access } from './access'
import { maybeCallable, wrongType } from './arguments'
import { failure, Refused } from './errors'
import { Gate, type GateOptions, isAccess } from './gate'
import { answered, keepApart, refuse, requestOf, send } from './node-http'
import type { Answer } from './portal'

export type { GateOptions, Links, Refusal, Sessions } from './gate'

type Request = IncomingMessage & { originalUrl?: string }
type Addressed = Request & { params: Record<string, string> }
type Next = (error?: unknown) => void
/** A middleware of Express, Connect and the like. */
export type Middleware = (request: Request, response: ServerResponse, next: Next) => void

/** The same for errors. */
export type ErrorMiddleware = (error: unknown, request: Request, response: ServerResponse, next: Next) => void

export interface ExpressPortal {
  /** Serves the routes of the portal: `app.use(routes)`, before body parsers. */
  readonly routes: Middleware
  /** Lets nobody pass without a session: `app.use('/files', session)`. */
  readonly session: Middleware
  /**
   * Lets nobody pass without a session that grants this, on the resource if one is told. Errors: `InvalidValue` (`unknown_permission`), if there is a
   * store, whose deployment knows.
   */
  requires<R extends Request = Addressed>(
    permission: string,
    resource?: (request: R) => string | undefined,
  ): (request: R, response: ServerResponse, next: Next) => void
  /** What the session of a request grants: behind `session` or `requires`. Errors: `Refused` (`session_missing`) elsewhere. */
  access(request: IncomingMessage): Access
  /**
   * Answers what `access.require` throws in a handler, which Express would tell in full: `app.use(errors)`, behind the routes. The application's
   * own errors go on.
   */
  readonly errors: ErrorMiddleware
}

/** A portal for an Express application. Errors: a `TypeError` without a `store`, or `links` and `sessions` in its place. */
export function portward(options: GateOptions): ExpressPortal {
  const gate = new Gate(options)
  const accesses = new WeakMap<IncomingMessage, Access>()

  const guard = (request: Request, response: ServerResponse, next: Next, permission?: string, resource?: () => unknown) => {
    try {
      const access = gate.access(requestOf(request, urlOf(request)), permission, resource)
      if (!isAccess(access)) return refuse(response, access)
      accesses.set(request, access)
      keepApart(response)
    } catch (error) {
      return next(failure(error))
    }
    // Outside: of what comes behind, the error is not told to it again.
    next()
  }

  return {
    routes(request, response, next) {
      const sent = answered(gate, request, urlOf(request)).then((answer) => answer !== null && (send(response, answer), true))
      // By no `catch` behind it, as in a guard.
      sent.then((isSent) => isSent || next(), (error: unknown) => next(failure(error)))
    },
    session: (request, response, next) => guard(request, response, next),
    requires(permission, resource) {
      gate.lookUp(permission)
      maybeCallable('resource', resource)
      return (request, response, next) => guard(request, response, next, permission, resource && (() => resource(request)))
    },
    access(request) {
      if (!Array.isArray(request?.rawHeaders)) throw wrongType('request', 'a request', request)
      const access = accesses.get(request)
      if (access === undefined) throw new Refused('the route is not behind a session', 'session_missing')
      return access
    },
    errors(error, request, response, next) {
      let answer: Answer | null = null
      try {
        if (!response.headersSent) answer = gate.thrown(requestOf(request, urlOf(request)), error)
      } catch (another) {
        error = failure(another)
      }
      if (answer === null) next(error)
      else send(response, answer)
    },
  }
}

function urlOf(request: Request): string {
  return request.originalUrl ?? request.url ?? ''
}
