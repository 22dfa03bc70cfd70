// Compiles src/ and writes kind-flat-network.schema.json, the JSON schema of the config file, from the code that reads it.
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'

const root = fileURLToPath(new URL('../', import.meta.url))
const file = `${root}kind-flat-network.schema.json`

rmSync(`${root}lib`, { recursive: true, force: true })
execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '--project', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
const { configFileJsonSchema } = await import(`${root}lib/cli/config-json-schema.js`)
const text = JSON.stringify(configFileJsonSchema())
writeFileSync(file, await format(text, { ...(await resolveConfig(file)), parser: 'json' }))
rmSync(`${root}lib`, { recursive: true })
