import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** A native part cannot be bundled; and a path is the portal's as it was sent, not as a redirection has it. */
export default { serverExternalPackages: ['portward'], skipTrailingSlashRedirect: true, turbopack: { root }, outputFileTracingRoot: root }
