// No cache gives what one client was answered to another.

const VARY = ['Cookie', 'Authorization']

/** What an answer says of caches that depends on who asked: what the application says itself is believed. */
export function keptApart(cacheControl: string | null | undefined, vary: string | null | undefined): { 'cache-control': string; vary: string } {
  const said = (vary ?? '').split(',').map((name) => name.trim()).filter((name) => name !== '')
  const known = new Set(said.map((name) => name.toLowerCase()))
  const missing = known.has('*') ? [] : VARY.filter((name) => !known.has(name.toLowerCase()))
  return { 'cache-control': cacheControl || 'private', vary: [...said, ...missing].join(', ') }
}
