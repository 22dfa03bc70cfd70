// Measures what the project promises of speed, as ratios within one run: absolute times depend on the machine.
//
//   bench.js [ROUNDS]    needs docker, kind and kubectl; FLAT_NETWORK_NODE_IMAGE names a node image
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const rounds = Number(process.argv[2] ?? 3)
const root = fileURLToPath(new URL('../', import.meta.url))
const image = process.env.FLAT_NETWORK_NODE_IMAGE ?? ''
const scratch = mkdtempSync(join(tmpdir(), 'flat-network-bench-'))
const environment = { ...process.env, XDG_STATE_HOME: scratch }

async function seconds(work) {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

async function flatNetwork(...parameters) {
  const { stdout } = await run(process.execPath, [join(root, 'dist/cli/index.js'), ...parameters], {
    env: environment,
    timeout: 600_000,
    maxBuffer: 50_000_000,
  })
  return stdout
}

/** Both alternately, round by round, so that a machine that gets slower slows both. */
async function compare(title, bar, product, reference) {
  const pairs = []
  for (let round = 0; round < rounds; round++) pairs.push([await product(), await reference()])
  const ratio = median(pairs.map(([one, other]) => one / other))
  const times = (index) => pairs.map((pair) => pair[index].toFixed(2)).join(', ')
  console.log(`${title}\n  product   ${times(0)} s\n  reference ${times(1)} s`)
  console.log(`  median ratio ${ratio.toFixed(2)}, bar ${bar}: ${ratio <= bar ? 'met' : 'NOT MET'}\n`)
  if (ratio > bar) process.exitCode = 1
}

async function wiring() {
  // the step itself, without the phases around it
  const compiled = join(root, 'node_modules/.cache/bench')
  execFileSync(process.execPath, [
    join(root, 'node_modules/typescript/bin/tsc'),
    '--project',
    join(root, 'tsconfig.build.json'),
    '--outDir',
    compiled,
  ])
  const load = (path) => import(join(compiled, path))
  const [{ createWorld }, { planWiring }, { connect }, { readNodes }, { parseRunRecord }] = await Promise.all(
    ['adapters/world.js', 'plan/wiring.js', 'steps/connect.js', 'steps/provision.js', 'plan/run-record.js'].map(load),
  )
  const clusters = '[{name: bench1, workers: 1}, {name: bench2, workers: 1}, bench3]'
  await flatNetwork('up', '--clusters', clusters, '--node-image', image)
  try {
    const [id] = readdirSync(join(scratch, 'kind-flat-network'))
    const directory = join(scratch, 'kind-flat-network', id)
    const record = parseRunRecord(readFileSync(join(directory, 'run.json'), 'utf8'))
    const nothing = () => undefined
    const silent = { info: nothing, warning: nothing, phase: (_, work) => work() }
    const world = createWorld(id, silent, nothing)
    const nodes = await readNodes(world, record)
    const forget = () =>
      Promise.all(
        nodes.map(({ name }) =>
          run('docker', ['exec', name, 'bash', '-c', 'ip route flush proto 171; iptables -t nat -F KIND-FLAT-NETWORK']),
        ),
      )
    await compare(
      'connect: 5 nodes of 3 clusters, against one empty docker exec for each node at the same time',
      2.05,
      async () => {
        await forget()
        return seconds(() => connect(world, planWiring(record, nodes)))
      },
      () => seconds(() => Promise.all(nodes.map(({ name }) => run('docker', ['exec', name, 'true'])))),
    )
  } finally {
    await flatNetwork('down')
  }
}

async function creation() {
  const names = ['bench1', 'bench2', 'bench3']
  const kubeconfig = (name) => join(scratch, `${name}.kubeconfig`)
  const forAll = (command) => Promise.all(names.map((name) => run('kind', command(name), { env: environment })))
  await compare(
    'up: 3 clusters of one node, verified, against 3 raw "kind create cluster --wait" side by side',
    1.25,
    async () => {
      const time = await seconds(() => flatNetwork('up', '--clusters', `[${names.join(', ')}]`, '--node-image', image))
      await flatNetwork('down')
      return time
    },
    async () => {
      const withImage = image === '' ? [] : ['--image', image]
      try {
        return await seconds(() =>
          forAll((name) => [
            'create',
            'cluster',
            '--name',
            name,
            '--wait',
            '5m',
            '--kubeconfig',
            kubeconfig(name),
            ...withImage,
          ]),
        )
      } finally {
        await forAll((name) => ['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfig(name)])
      }
    },
  )
}

try {
  await wiring()
  await creation()
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
