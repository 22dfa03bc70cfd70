// Compiles src/ and bundles the three entries into dist/, or into the directory given.
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
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
