// Writes the ESM side: modules that export again what the CommonJS side has. So there is one of each class, however the package is loaded.

import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist')

for (const name of ['index', 'express', 'fastify', 'web', 'drizzle', 'aws-kms']) {
  // As TypeScript writes them; types are erased. Nothing is loaded, for there may be no native part yet.
  const text = readFileSync(join(dist, `${name}.js`), 'utf8')
  const exports = text.matchAll(/^(?:Object\.defineProperty\(exports, "(\w+)", \{ enumerable|exports\.(\w+) = (?!void 0|exports\.))/gm)
  const names = [...new Set([...exports].map(([, again, own]) => again ?? own))]
  if (names.length === 0) throw new Error(`${name} exports nothing`)
  writeFileSync(join(dist, `${name}.mjs`), `import all from './${name}.js'\nexport const { ${names.join(', ')} } = all\n`)
  writeFileSync(join(dist, `${name}.d.mts`), `export * from './${name}.js'\n`)
}
