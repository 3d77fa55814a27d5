/**
 * The rules for whatever has `Request` and `Response`, such as Hono and route handlers of Next.js.
 *
 * @packageDocumentation
 */

import { AsyncLocalStorage } from 'node:async_hooks'
import type { Access } from './access'
import { callable, maybeCallable, maybeText, text } from './arguments'
import { Gate, type GateOptions, isAccess } from './gate'
import type { Answer } from './portal'
import { apart, bodyOf, refusing, requestOf, responseOf, say, sayApart } from './web-http'

export type { GateOptions, Links, Refusal, Sessions } from './gate'

/** A handler of a framework; `context` is whatever it gives beside the request. */
export type Handler<C extends unknown[]> = (request: Request, ...context: C) => Response | Promise<Response>

export interface WebPortal {
  /**
   * Serves the routes of the portal; `null` where the path is the application's, of whose request nothing was read. Errors: what the body and `log`
   * fail with; what `links` and `clock` do, if that is no `PortwardError`.
   */
  answer(request: Request): Promise<Response | null>
  /**
   * What the session of a request grants, on the resource if one is told, `undefined` included, which is refused; or the refusal to return. An answer
   * that depends on it has to say `Cache-Control: private` and `Vary: Cookie, Authorization`; behind `requires`, and where `hono` goes first, it does
   * by itself. Errors: `InvalidValue` (`text_malformed`); what `log` throws; what `sessions` does, if that is no `PortwardError`.
   */
  access(request: Request, permission?: string, resource?: string): Access | Response
  /**
   * A handler that is called with the access of a session that grants this, on the resource if one is told. It also answers what `access.require`
   * throws inside. Errors: `InvalidValue` (`unknown_permission`), if there is a store, whose deployment knows; the handler made fails with what the
   * one within does, where that is no refusal.
   */
  requires<C extends unknown[]>(
    permission: string,
    handler: (request: Request, access: Access, ...context: C) => Response | Promise<Response>,
    resource?: (request: Request, ...context: C) => string | undefined | Promise<string | undefined>,
  ): Handler<C>
  /**
   * A middleware of Hono, before all others: `app.use(portal.hono)`. It serves the routes of the portal, and whatever the middleware behind it have
   * said, an answer that depends on a session is kept apart, and a refusal is not kept. Errors: those of `answer`, and what `next` fails with.
   */
  hono(context: HonoContext, next: () => Promise<void>): Promise<Response | void>
}

/** What of Hono's is used. */
export interface HonoContext {
  readonly req: { readonly raw: Request }
  readonly finalized: boolean
  get res(): Response
  set res(response: Response | undefined)
}

/** What Hono is at work on. */
interface Work {
  readonly request: Request
  /** That of an application which this one is in. */
  around: Work | undefined
  readonly asked: Asked
  over: boolean
}

/** Of the sessions that were asked for, by status what was answered to who was refused; 0 if one was not. */
type Asked = Map<number, Answer | null>

/** By both: middleware makes other requests, and what asks for several at once, or from a callback, does so at work on another, or on none. */
const atWork = new AsyncLocalStorage<Work>()
const ofRequest = new WeakMap<Request, Work>()
/** What was asked of a request that is no work's, but may take the place of one's. */
const askedOf = new WeakMap<Request, Asked>()

/** What is around it, and not over: of a job that begins the next at its end, the chain of all before would grow. */
function aroundOf(work: Work): Work | undefined {
  while (work.around?.over) work.around = work.around.around
  return work.around
}

/** Tells all whose answer may depend on it: one too many is kept apart needlessly, one too few is given to others. */
function asking(request: Request, refused: Answer | null): void {
  const [own, here] = [ofRequest.get(request), atWork.getStore()]
  for (const one of own === undefined || here?.request === request ? [own, here] : [own]) {
    for (let work = one; work !== undefined; work = aroundOf(work)) {
      if (!work.over) work.asked.set(refused?.status ?? 0, refused)
    }
  }
  if (own === undefined) askedOf.set(request, (askedOf.get(request) ?? new Map()).set(refused?.status ?? 0, refused))
}

/** A portal for an application with `Request` and `Response`. Errors: a `TypeError` without a `store`, or `links` and `sessions` in its place. */
export function portward(options: GateOptions): WebPortal {
  const gate = new Gate(options)
  const refuse = (request: Request, answer: Answer) => {
    asking(request, answer)
    return responseOf(request, answer)
  }
  const answer = async (request: Request) => {
    const read = requestOf(request)
    if (!gate.isOurs(read)) return null
    const body = request.method === 'POST' ? await bodyOf(request) : undefined
    const answer = await gate.answer({ ...read, body })
    return answer && responseOf(request, answer)
  }
  const access = (request: Request, ...told: [permission?: string, resource?: string]) => {
    const [permission, resource] = told
    // Left away is one thing; a name that is not there would let every session in.
    if (told.length > 0) text('permission', permission)
    maybeText('resource', resource)
    const read = requestOf(request)
    asking(request, null)
    // So is one that the address lacks: it is refused, as by `requires`.
    const access = gate.access(read, permission, told.length > 1 ? () => resource : undefined)
    return isAccess(access) ? access : refuse(request, access)
  }
  return {
    answer,
    access,
    requires(permission, handler, resource) {
      gate.lookUp(permission)
      callable('handler', handler)
      maybeCallable('resource', resource)
      return async (request, ...context) => {
        const read = requestOf(request)
        asking(request, null)
        try {
          let granted = gate.access(read, resource === undefined ? permission : undefined)
          if (isAccess(granted) && resource !== undefined) {
            // It may first have to be found out, as the parameters of a route of Next.js are.
            const named = await resource(request, ...context)
            granted = gate.access(read, permission, () => named)
          }
          if (!isAccess(granted)) return refuse(request, granted)
          return apart(await handler(request, granted, ...context))
        } catch (error) {
          const answer = gate.thrown(read, error)
          if (answer === null) throw error
          return refuse(request, answer)
        }
      }
    },
    async hono(context, next) {
      const ours = await answer(context.req.raw)
      if (ours !== null) {
        const lines = [...ours.headers]
        // Hono lays over it what earlier middleware have said: their cookies in place of its own.
        context.res = ours
        say(context.res.headers, lines)
        return context.res
      }
      const request = context.req.raw
      const work: Work = { request, around: atWork.getStore() ?? ofRequest.get(request), asked: new Map(), over: false }
      const around = aroundOf(work)
      if (around !== undefined) aroundOf(around)
      ofRequest.set(request, work)
      try {
        await atWork.run(work, next)
      } finally {
        work.over = true
        // It may be asked for again, at work on what is around this; unless another is at work on it, too.
        if (ofRequest.get(request) === work) {
          ofRequest.delete(request)
          if (around?.request === request) ofRequest.set(request, around)
        }
      }
      const asked: Asked = new Map([...work.asked, ...(askedOf.get(context.req.raw) ?? [])])
      if (asked.size === 0) return
      // Somebody has not waited, or answers nothing, which Hono tells: there is no answer to be given yet, over which it lays these.
      if (context.finalized === false) return sayApart(context.res.headers)
      // Somebody else has answered long ago, as after a time-out.
      if (context.res.bodyUsed || context.res.body?.locked) return
      const refused = asked.get(context.res.status)
      const kept = refused ? refusing(context.res, refused) : apart(context.res)
      context.res = undefined // or Hono would lay the old headers over these
      context.res = kept
    },
  }
}
