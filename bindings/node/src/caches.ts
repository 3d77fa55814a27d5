// No cache gives what one client was answered to another.

const VARY = ['Cookie', 'Authorization']

/** What `sendFile` and `express.static` say of a file if the application says nothing, and `@fastify/static` too. */
const UNSAID = 'public, max-age=0'

/** What an answer says of caches that depends on who asked: what the application says itself is believed, and that alone. */
export function keptApart(cacheControl: string | null | undefined, vary: string | null | undefined): { 'cache-control': string; vary: string } {
  const [told, said] = [parts(cacheControl), parts(vary)]
  if (told.join(', ').toLowerCase() === UNSAID) told.shift()
  const names = told.map((part) => part.split('=', 1)[0]!.toLowerCase())
  // How long is not who: only these tell which caches may keep it.
  if (!['private', 'public', 's-maxage', 'no-store'].some((name) => names.includes(name))) told.push('private')
  const known = new Set(said.map((name) => name.toLowerCase()))
  const missing = known.has('*') ? [] : VARY.filter((name) => !known.has(name.toLowerCase()))
  return { 'cache-control': told.join(', '), vary: [...said, ...missing].join(', ') }
}

function parts(value: string | null | undefined): string[] {
  return (value ?? '').split(',').map((part) => part.trim()).filter((part) => part !== '')
}
