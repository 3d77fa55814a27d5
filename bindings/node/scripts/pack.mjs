// Packs the package and one package for each platform whose binary is in `artifacts` (or, of this machine, beside the package) into `packed`.
// The main package gets the others as optional dependencies, of exactly its own version, so that npm installs the one that fits.

import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = join(dirname(fileURLToPath(import.meta.url)), '..')
const packed = join(here, 'packed')
const main = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'))

/** As napi names them: what npm looks at when it chooses. */
const PLATFORMS = {
  'linux-x64-gnu': { os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
  'linux-arm64-gnu': { os: ['linux'], cpu: ['arm64'], libc: ['glibc'] },
  'linux-x64-musl': { os: ['linux'], cpu: ['x64'], libc: ['musl'] },
  'linux-arm64-musl': { os: ['linux'], cpu: ['arm64'], libc: ['musl'] },
  'darwin-x64': { os: ['darwin'], cpu: ['x64'] },
  'darwin-arm64': { os: ['darwin'], cpu: ['arm64'] },
  'win32-x64-msvc': { os: ['win32'], cpu: ['x64'] },
}

const LICENCES = ['LICENSE-MIT', 'LICENSE-APACHE']
/** The licences of what is compiled into the binary: `cargo xtask licences` writes it. */
const OTHERS = 'THIRD-PARTY.txt'

rmSync(packed, { recursive: true, force: true })
const optional = {}
for (const [platform, fits] of Object.entries(PLATFORMS)) {
  const file = `portward.${platform}.node`
  const binary = [join(here, 'artifacts', file), join(here, file)].find(existsSync)
  if (binary === undefined) continue
  const { version, license, engines, repository } = main
  // A scope, in which nobody else can publish a package for a platform that there is none for.
  const name = `@portward/${platform}`
  const description = `The native part of portward for ${platform}`
  pack(name, { name, version, description, license, engines, repository, main: file, files: [file, OTHERS], ...fits }, (to) => {
    cpSync(binary, join(to, file))
    cpSync(join(here, OTHERS), join(to, OTHERS))
    writeFileSync(join(to, 'README.md'), `# ${name}\n\n${description}. Install \`portward\`.\n`)
  })
  optional[name] = version
}
if (process.argv.includes('--all') && Object.keys(optional).length < Object.keys(PLATFORMS).length) throw new Error('a platform has no binary')

const { scripts: _, devDependencies: __, overrides: ___, napi: ____, ...published } = main
pack('portward', { ...published, optionalDependencies: optional }, (to) => {
  for (const file of ['dist', 'README.md']) cpSync(join(here, file), join(to, file), { recursive: true })
})

function pack(name, json, fill) {
  const to = join(packed, name)
  mkdirSync(to, { recursive: true })
  writeFileSync(join(to, 'package.json'), `${JSON.stringify({ ...json, files: [...json.files, ...LICENCES] }, null, 2)}\n`)
  for (const file of LICENCES) cpSync(join(here, '..', '..', file), join(to, file))
  fill(to)
  execFileSync('npm', ['pack', '--silent', '--pack-destination', packed], { cwd: to, stdio: ['ignore', 'inherit', 'inherit'] })
}
