// Measures what the project promises of speed, as ratios within one run: absolute times depend on the machine. And what
// it promises of memory, in MB.
//
//   bench.js [ROUNDS [PART…]]    needs docker, kind and kubectl; FLAT_NETWORK_NODE_IMAGE names a node image
//
// Parts: wiring, many, creation, images, memory (once; Linux only); all of them unless named.
import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { clearInterval, setInterval } from 'node:timers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import typescript from 'typescript'

const run = promisify(execFile)
const [rounds = 3, ...chosen] = process.argv.slice(2)
const root = fileURLToPath(new URL('../', import.meta.url))
const compiled = join(root, 'node_modules/.cache/bench')
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
  const { stdout } = await run(process.execPath, [join(root, 'dist/cli/kind-flat-network.mjs'), ...parameters], {
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
  judge(`median ratio ${ratio.toFixed(2)}`, ratio, bar)
}

function judge(said, value, bar, unit = '') {
  console.log(`  ${said}, bar ${bar}${unit}: ${value <= bar ? 'met' : 'NOT MET'}\n`)
  if (value > bar) process.exitCode = 1
}

/** The step itself, without the phases around it: compiled, not bundled. */
async function compiledSteps() {
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
async function withNetwork({ createWorld, planWiring, connect, readNodes, parseRunRecord }, clusters, work, ...inputs) {
  const lines = await flatNetwork('up', '--clusters', clusters, '--node-image', image, '--json', ...inputs)
  const { kubeconfig } = JSON.parse(lines.trim().split('\n').at(-1))
  const directory = dirname(kubeconfig)
  const record = parseRunRecord(readFileSync(join(directory, 'run.json'), 'utf8'))
  try {
    const nothing = () => undefined
    const silent = { info: nothing, warning: nothing, progress: nothing, phase: (_, work) => work() }
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
      directory,
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

/** Makes an image of one layer with one file, which no compression makes smaller. */
function importImage(name, megabytes) {
  const directory = mkdtempSync(join(scratch, 'image-'))
  const archive = join(directory, 'root.tar')
  writeFileSync(join(directory, 'program'), randomBytes(megabytes * 1_000_000))
  execFileSync('tar', ['-cf', archive, '-C', directory, 'program'])
  execFileSync('docker', ['import', '--change', 'ENTRYPOINT ["/program"]', archive, name])
  rmSync(directory, { recursive: true })
}

/** As small programs make them. */
const imageMegabytes = { 'bench/one:1': 20, 'bench/two:1': 30, 'bench/three:1': 40 }

/** Whatever has one of these images' names or leads to the same image; and then its content and snapshots. */
const forget = `ctr --namespace=k8s.io images list | awk '
  { digest[NR] = $3; name[NR] = $1 } $1 ~ "/bench/" { ours[$3] }
  END { for (row in name) if (digest[row] in ours) print name[row] }' | xargs --no-run-if-empty ctr --namespace=k8s.io images rm --sync`

async function images(steps) {
  const names = Object.keys(imageMegabytes)
  for (const [name, megabytes] of Object.entries(imageMegabytes)) importImage(name, megabytes)
  const { Problems, engineInfo, parseEngineInfo, findImages, saveImages, loadImages } = steps
  const clusters = '[{name: bench1, workers: 1}, {name: bench2, workers: 1}, bench3]'
  try {
    const measure = async (nodes, _, world, directory) => {
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
            await loadImages(world, await saveImages(world, found, engine, directory), nodeNames)
          }),
        () =>
          anew(async () => {
            for (const name of ['bench1', 'bench2', 'bench3']) {
              await run('kind', ['load', 'docker-image', ...names, '--name', name])
            }
          }),
      )
    }
    await withNetwork(steps, clusters, measure, '--images', names.join('\n'))
  } finally {
    execFileSync('docker', ['image', 'rm', ...names])
  }
}

/** A process and all that come of it: by id, what each is called and the most memory that it had in MB. */
function processTree(root) {
  const all = readdirSync('/proc').flatMap((pid) => {
    try {
      const status = /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/status`, 'utf8') : ''
      const field = (name) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1]
      const [peak, parent] = [field('VmHWM'), field('PPid')]
      // one that has ended has no memory
      return peak === undefined
        ? []
        : [{ pid: Number(pid), parent: Number(parent), name: field('Name'), peak: peak / 1000 }]
    } catch {
      return []
    }
  })
  const below = (pid) => all.filter(({ parent }) => parent === pid).flatMap((child) => [child, ...below(child.pid)])
  return [...all.filter(({ pid }) => pid === root), ...below(root)]
}

/** Runs a process of a job to its end; what it printed last, its peak, and that of the largest process it started. */
async function watch(parameters, environment) {
  const running = run(process.execPath, [join(root, 'scripts/bench-node-image.js'), compiled, ...parameters], {
    env: { ...process.env, ...environment },
    timeout: 600_000,
    maxBuffer: 50_000_000,
  })
  let own = 0
  let child = { name: 'none', peak: 0 }
  const timer = setInterval(() => {
    const [main, ...started] = processTree(running.child.pid)
    own = Math.max(own, main?.peak ?? 0)
    // one of the same name has not become its own program yet
    for (const each of started) if (each.name !== main.name && each.peak > child.peak) child = each
  }, 50)
  try {
    const { stdout } = await running
    return { result: JSON.parse(stdout.trim().split('\n').at(-1)), own, child }
  } finally {
    clearInterval(timer)
  }
}

async function cacheService() {
  const source = readFileSync(join(root, '__tests__/fakes/cache-service.ts'), 'utf8')
  const options = { target: typescript.ScriptTarget.ES2023, module: typescript.ModuleKind.ESNext }
  const path = join(scratch, 'cache-service.mjs')
  writeFileSync(path, typescript.transpileModule(source, { compilerOptions: options }).outputText)
  const { CacheService } = await import(path)
  return CacheService.start()
}

async function memory() {
  const container = 'kind-flat-network-bench'
  const docker = (...parameters) => execFileSync('docker', parameters, { encoding: 'utf8', stdio: 'pipe' }).trim()
  const registryImage = image === '' ? 'registry:3' : 'flat-network/registry'
  const temporary = join(scratch, 'temporary')
  mkdirSync(temporary)
  const service = await cacheService()
  let id
  try {
    docker('run', '--detach', '--name', container, '--publish', '127.0.0.1::5000', registryImage)
    const name = `${docker('port', container, '5000/tcp')}/bench/memory:1`
    importImage(name, 1000)
    id = docker('image', 'inspect', '--format', '{{.Id}}', name)
    const reference = `${name}@${/digest: (\S+)/.exec(docker('push', name))[1]}`
    const environment = {
      ACTIONS_CACHE_URL: service.url,
      ACTIONS_RUNTIME_TOKEN: 'token',
      ACTIONS_CACHE_SERVICE_V2: undefined,
      GITHUB_SERVER_URL: undefined,
      GITHUB_WORKSPACE: temporary,
      RUNNER_TEMP: temporary,
    }
    const provide = async (from) => {
      docker('image', 'rm', '--force', id)
      const watched = await watch(['main', reference], environment)
      if (watched.result.from !== from) throw new Error(`not from ${from}: ${JSON.stringify(watched.result)}`)
      return watched
    }
    const pulled = await provide('registry')
    const saved = await watch(['post', JSON.stringify(pulled.result.toSave)], environment)
    if (!saved.result.saved) throw new Error('it was not saved')
    const stages = { 'pulled through': pulled, saved, 'restored and loaded': await provide('cache') }
    console.log('memory: a node image of 1 GB that cannot be compressed; peaks of the process of the run')
    for (const [stage, { own, child }] of Object.entries(stages)) {
      console.log(
        `  ${stage.padEnd(20)}${own.toFixed(0)} MB; the largest that it started: ${child.name}, ${child.peak.toFixed(0)} MB`,
      )
    }
    const most = Math.max(...Object.values(stages).flatMap(({ own, child }) => [own, child.peak]))
    judge(`at most ${most.toFixed(0)} MB`, most, 300, ' MB')
  } finally {
    docker('rm', '--force', '--volumes', container)
    if (id !== undefined) execFileSync('docker', ['image', 'rm', '--force', id], { stdio: 'ignore' })
    await service.close()
  }
}

try {
  const parts = { wiring, many: wiringOfMany, creation, images, memory }
  const steps = await compiledSteps()
  for (const [name, part] of Object.entries(parts)) if (chosen.length === 0 || chosen.includes(name)) await part(steps)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
