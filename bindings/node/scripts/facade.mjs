// Writes the ESM side: modules that export again what the CommonJS side has. So there is one of each class, however the package is loaded.

import { createRequire } from 'node:module'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist')
const require = createRequire(import.meta.url)

for (const name of ['index', 'express', 'fastify', 'web', 'drizzle']) {
  // Types are erased; what is left are the names.
  const names = Object.keys(require(join(dist, `${name}.js`))).filter((name) => name !== 'default' && name !== '__esModule')
  writeFileSync(join(dist, `${name}.mjs`), `import all from './${name}.js'\nexport const { ${names.join(', ')} } = all\n`)
  writeFileSync(join(dist, `${name}.d.mts`), `export * from './${name}.js'\n`)
}
