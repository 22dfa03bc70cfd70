// Fails when dist/ is not what src/ builds, or when a bundle holds a module that was not found.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const built = mkdtempSync(join(tmpdir(), 'kind-flat-network-dist-'))
const problems = []

function filesIn(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort()
}

try {
  execFileSync(process.execPath, [join(root, 'scripts/build.js'), built], { stdio: 'inherit' })
  const committed = join(root, 'dist')
  const names = new Set([...filesIn(built), ...filesIn(committed)])
  for (const name of names) {
    const [fresh, kept] = [built, committed].map((directory) => {
      try {
        return readFileSync(join(directory, name), 'utf8')
      } catch {
        return undefined
      }
    })
    if (fresh !== kept) problems.push(`dist/${name} is not what src builds`)
    if (/webpackMissingModule|@@notfound/.test(fresh ?? '')) problems.push(`dist/${name} holds an unresolved module`)
  }
} finally {
  rmSync(built, { recursive: true, force: true })
}
if (problems.length > 0) {
  console.error(`${problems.join('\n')}\nmend it with: npm run build, and commit dist`)
  process.exit(1)
}
