// Compiles src/ and bundles the entries into dist/, or into the directory given: those of the action, and the command
// line as one file that runs wherever it is copied.
import { execFileSync } from 'node:child_process'
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const entries = { main: 'action/main.js', post: 'action/post.js', cli: 'cli/index.js' }
const root = fileURLToPath(new URL('../', import.meta.url))
const target = process.argv[2] ?? `${root}dist`

function run(program, ...parameters) {
  execFileSync(process.execPath, [`${root}node_modules/${program}`, ...parameters], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

rmSync(`${root}lib`, { recursive: true, force: true })
run('typescript/bin/tsc', '--project', 'tsconfig.build.json')
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
writeFileSync(`${root}lib/cli/version.js`, `export const version = ${JSON.stringify(version)}\n`)
rmSync(target, { recursive: true, force: true })
for (const [name, entry] of Object.entries(entries)) {
  const options = ['--out', `${target}/${name}`, '--license', 'licenses.txt', '--no-cache', '--quiet']
  run('@vercel/ncc/dist/ncc/cli.js', 'build', `lib/${entry}`, ...options)
}
rmSync(`${root}lib`, { recursive: true })

// a module by its name, with no package.json beside it
const program = `${target}/cli/kind-flat-network.mjs`
renameSync(`${target}/cli/index.js`, program)
chmodSync(program, 0o755)
rmSync(`${target}/cli/package.json`)
const others = readdirSync(`${target}/cli`).filter((file) => !['kind-flat-network.mjs', 'licenses.txt'].includes(file))
if (others.length > 0) throw new Error(`the command line is not one file: it came with ${others.join(', ')}`)
