// No cache gives what one client was answered to another.

const VARY = ['Cookie', 'Authorization']

/** What `sendFile` and `express.static` say of a file if the application says no age, and `@fastify/static` too; `immutable` beside it. */
const UNSAID = 'public, max-age=0'

/** What an answer says of caches that depends on who asked: what the application says itself is believed, and that alone. */
export function keptApart(cacheControl: string | null | undefined, vary: string | null | undefined): { 'cache-control': string; vary: string } {
  const said = parts(vary)
  let told = parts(cacheControl)
  const without = (what: RegExp) => told.filter((part) => !what.test(part))
  if (without(/^immutable$/i).join(', ').toLowerCase() === UNSAID) told = without(/^public$/i)
  // How long is not who: only these tell which caches may keep it, and `private="set-cookie"` tells it of that header alone.
  if (!told.some((part) => /^(?:private|public|no-store|s-maxage=.*)$/i.test(part))) told = [...without(/^private\s*=/i), 'private']
  const known = new Set(said.map((name) => name.toLowerCase()))
  const missing = known.has('*') ? [] : VARY.filter((name) => !known.has(name.toLowerCase()))
  return { 'cache-control': told.join(', '), vary: [...said, ...missing].join(', ') }
}

/** A comma in quotes is none, whether they end or not. */
function parts(value: string | null | undefined): string[] {
  return ((value ?? '').match(/(?:"(?:\\.|[^"\\])*(?:"|\\?$)|[^,"])+/gs) ?? []).map((part) => part.trim()).filter((part) => part !== '')
}
