// Which vector the next request is of.

export const dynamic = 'force-dynamic'

export async function GET(_, { params }) {
  const { ask } = await import(/* turbopackIgnore: true */ process.env.PORTWARD_ASK)
  globalThis.asked = ask(Number((await params).number))
  return new Response(null, { status: 204 })
}
