// Every request of the vectors, as the application of one of them answers it.

import { portward } from 'portward/web'

export const dynamic = 'force-dynamic'

async function answer(request) {
  const { vector, options } = globalThis.asked
  const portal = portward(options)
  if (vector.op === 'http') return (await portal.answer(request)) ?? new Response(null, { status: 418 })
  const access = portal.access(request)
  return access instanceof Response ? access : Response.json({ token_id: access.tokenId })
}

export { answer as DELETE, answer as GET, answer as HEAD, answer as OPTIONS, answer as PATCH, answer as POST, answer as PUT }
