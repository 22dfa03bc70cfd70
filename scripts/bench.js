// Measures what the project promises of speed, as ratios within one run: absolute times depend on the machine.
//
//   bench.js [ROUNDS [PART…]]    needs docker, kind and kubectl; FLAT_NETWORK_NODE_IMAGE names a node image
//
// Parts: wiring, many, creation, images; all of them unless named.
import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const [rounds = 3, ...chosen] = process.argv.slice(2)
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
  const times = (index) => pairs.map((pair) => pair[index].toFixed(3)).join(', ')
  console.log(`${title}\n  product   ${times(0)} s\n  reference ${times(1)} s`)
  console.log(`  median ratio ${ratio.toFixed(2)}, bar ${bar}: ${ratio <= bar ? 'met' : 'NOT MET'}\n`)
  if (ratio > bar) process.exitCode = 1
}

/** The step itself, without the phases around it: compiled, not bundled. */
async function compiledSteps() {
  const compiled = join(root, 'node_modules/.cache/bench')
  execFileSync(process.execPath, [
    join(root, 'node_modules/typescript/bin/tsc'),
    '--project',
    join(root, 'tsconfig.build.json'),
    '--outDir',
    compiled,
  ])
  const modules = await Promise.all(
    [
      'adapters/world.js',
      'commands/docker.js',
      'plan/problems.js',
      'plan/run-record.js',
      'plan/wiring.js',
      'steps/connect.js',
      'steps/load-images.js',
      'steps/nodes.js',
    ].map((path) => import(join(compiled, path))),
  )
  return Object.assign({}, ...modules)
}

/** Makes a flat network, lends its nodes, what wires them anew and the world to work in, and removes it. */
async function withNetwork({ createWorld, planWiring, connect, readNodes, parseRunRecord }, clusters, work) {
  const { kubeconfig } = JSON.parse(await flatNetwork('up', '--clusters', clusters, '--node-image', image, '--json'))
  const directory = dirname(kubeconfig)
  const record = parseRunRecord(readFileSync(join(directory, 'run.json'), 'utf8'))
  try {
    const nothing = () => undefined
    const silent = { info: nothing, warning: nothing, phase: (_, work) => work() }
    const world = createWorld(record.run, silent, nothing)
    const nodes = await readNodes(world, record)
    const forgetful = 'ip route flush proto 171; ip nexthop flush proto 171; iptables -t nat -F KIND-FLAT-NETWORK'
    await work(
      nodes,
      async () => {
        await Promise.all(nodes.map(({ name }) => run('docker', ['exec', name, 'bash', '-c', forgetful])))
        return seconds(() => connect(world, planWiring(record, nodes)))
      },
      world,
    )
  } finally {
    await flatNetwork('down', '--run', record.run)
  }
}

async function wiring(steps) {
  await withNetwork(steps, '[{name: bench1, workers: 1}, {name: bench2, workers: 1}, bench3]', (nodes, wire) =>
    compare(
      'connect: 5 nodes of 3 clusters, against one empty docker exec for each node at the same time',
      2.05,
      wire,
      () => seconds(() => Promise.all(nodes.map(({ name }) => run('docker', ['exec', name, 'true'])))),
    ),
  )
}

async function wiringOfMany(steps) {
  const many = JSON.stringify([1, 2, 3, 4].map((number) => ({ name: `many${number}`, workers: 2 })))
  await withNetwork(steps, many, (nodes, wire) =>
    withNetwork(steps, '[few1, few2]', (fewNodes, wireFew) =>
      compare(
        'connect, for each node: 4 clusters of 3 nodes, against 2 clusters of 1 node',
        1.5,
        async () => (await wire()) / nodes.length,
        async () => (await wireFew()) / fewNodes.length,
      ),
    ),
  )
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

/** As small programs make them: one layer with one file, which no compression makes smaller. */
const imageMegabytes = { 'bench/one:1': 20, 'bench/two:1': 30, 'bench/three:1': 40 }

/** Whatever has one of these images' names or leads to the same image; and then its content and snapshots. */
const forget = `ctr --namespace=k8s.io images list | awk '
  { digest[NR] = $3; name[NR] = $1 } $1 ~ "/bench/" { ours[$3] }
  END { for (row in name) if (digest[row] in ours) print name[row] }' | xargs --no-run-if-empty ctr --namespace=k8s.io images rm --sync`

async function images(steps) {
  const names = Object.keys(imageMegabytes)
  for (const [name, megabytes] of Object.entries(imageMegabytes)) {
    const directory = join(scratch, name)
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, 'program'), randomBytes(megabytes * 1_000_000))
    execFileSync('tar', ['-cf', join(directory, 'root.tar'), '-C', directory, 'program'])
    execFileSync('docker', ['import', '--change', 'ENTRYPOINT ["/program"]', join(directory, 'root.tar'), name])
  }
  const { Problems, engineInfo, parseEngineInfo, findImages, saveImages, loadImages } = steps
  const clusters = '[{name: bench1, workers: 1}, {name: bench2, workers: 1}, bench3]'
  try {
    await withNetwork(steps, clusters, async (nodes, _, world) => {
      const nodeNames = nodes.map(({ name }) => name)
      const engine = parseEngineInfo(await world.runner.run(engineInfo))
      const anew = async (load) => {
        await Promise.all(nodeNames.map((node) => run('docker', ['exec', node, 'bash', '-c', forget])))
        return seconds(load)
      }
      await compare(
        'images: three of 20, 30 and 40 MB into 5 nodes of 3 clusters, against "kind load docker-image" for each cluster in turn',
        0.5,
        () =>
          anew(async () => {
            const found = await findImages(world, names, new Problems())
            await loadImages(world, await saveImages(world, found, engine, scratch), nodeNames)
          }),
        () =>
          anew(async () => {
            for (const name of ['bench1', 'bench2', 'bench3']) {
              await run('kind', ['load', 'docker-image', ...names, '--name', name])
            }
          }),
      )
    })
  } finally {
    execFileSync('docker', ['image', 'rm', ...names])
  }
}

try {
  const parts = { wiring, many: wiringOfMany, creation, images }
  const steps = await compiledSteps()
  for (const [name, part] of Object.entries(parts)) if (chosen.length === 0 || chosen.includes(name)) await part(steps)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
