// docker, as far as the product and kind use it.
import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { answer, refusal } from './model.js'
import { askPods, importImages, wireNode } from './node.js'

const flag = { type: 'boolean' }
const text = { type: 'string' }
const texts = { type: 'string', multiple: true, default: [] }

/** Words after a command, read strictly: a flag that is not listed throws. */
function words(args, options = {}) {
  return parseArgs({ args, options, allowPositionals: true })
}

const commands = {
  '--version': () => answer('Docker version 27.0.0, build stub\n'),

  info: () => answer(JSON.stringify({ ServerVersion: '27.0.0', NCPU: 2, MemTotal: 8e9 })),

  'context inspect': () =>
    answer(JSON.stringify({ Name: 'default', Endpoints: { docker: { Host: 'unix:///var/run/docker.sock' } } })),

  ps(args, { model }) {
    const { values } = words(args, { all: flag, quiet: flag, 'no-trunc': flag, format: text, filter: texts })
    const isShown = ({ labels, addresses }) =>
      values.filter.every((each) => {
        const [, network] = /^network=(.*)$/.exec(each) ?? []
        return network === undefined ? hasLabel(labels, each) : Object.hasOwn(addresses, network)
      })
    return lines(
      model
        .all('containers')
        .filter(isShown)
        .map(({ id, name, labels, addresses }) => {
          if (values.quiet) return id
          const Networks = Object.keys(addresses).join()
          return filledIn(values.format, { ID: id, Names: name, Ports: '', Networks }, labels)
        }),
    )
  },

  'container inspect'(args, { model }) {
    return inspect(
      'container',
      words(args).positionals,
      model,
      ({ id, name, labels, mounts, addresses, stopped = false }) => ({
        Id: id,
        Name: `/${name}`,
        Config: { Labels: labels },
        Mounts: mounts.map((Destination) => ({ Type: 'bind', Destination })),
        State: { Running: !stopped },
        NetworkSettings: {
          Networks: Object.fromEntries(
            Object.entries(addresses).map(([network, [IPAddress, GlobalIPv6Address = '']]) => [
              network,
              stopped ? { IPAddress: '', GlobalIPv6Address: '' } : { IPAddress, GlobalIPv6Address },
            ]),
          ),
        },
      }),
    )
  },

  'container port'(args, { model }) {
    const [name, port] = words(args).positionals
    const container = model.find('containers', name)
    return container?.published === port
      ? answer('127.0.0.1:49153\n')
      : refusal(`Error: No public port '${port}' published for ${name}`)
  },

  run(args, { model }) {
    const { values, positionals } = words(args, {
      ...{ detach: flag, name: text, label: texts, network: text, publish: text, env: texts },
    })
    const network = model.find('networks', values.network)
    if (network === undefined) return refusal(`docker: Error response from daemon: network ${values.network} not found`)
    const container = {
      name: values.name,
      id: model.newId(values.name),
      labels: Object.fromEntries(values.label.map((label) => label.split('='))),
      mounts: [],
      image: positionals[0],
      published: `${values.publish.split(':').at(-1)}/tcp`,
      addresses: { [network.name]: [`${network.subnets[0].split('.').slice(0, 2).join('.')}.0.254`] },
    }
    return model.add('containers', container) ? answer(`${container.id}\n`) : refusal(`name ${values.name} is in use`)
  },

  'image inspect'(args, { model }) {
    return inspect('image', words(args).positionals.map(encodeURIComponent), model, ({ name }) => ({
      Id: `sha256:${name}`,
      RepoTags: [decodeURIComponent(name)],
    }))
  },

  /** Every byte, as the engine gets it: out of the registry that the name names. */
  async pull(args, { model }) {
    const [name] = words(args).positionals
    const [, registry, repository, reference] = /^(127\.0\.0\.1:\d+)\/(.+?)@(.+)$/.exec(name) ?? []
    if (registry === undefined) return refusal('Error response from daemon: no route to host: denied')
    const get = (kind, part) => globalThis.fetch(`http://${registry}/v2/${repository}/${kind}/${part}`)
    const manifest = await get('manifests', reference)
    if (!manifest.ok) return refusal(`Error response from daemon: manifest unknown: ${await manifest.text()}`)
    const { config, layers } = await manifest.json()
    for (const { digest } of [config, ...layers]) {
      const bytes = Buffer.from(await (await get('blobs', digest)).arrayBuffer())
      if (digest !== `sha256:${createHash('sha256').update(bytes).digest('hex')}`)
        return refusal('Error response from daemon: filesystem layer verification failed')
    }
    model.add('images', { name: encodeURIComponent(name) })
    return answer()
  },

  'image tag'(args, { model }) {
    const [from, to] = words(args).positionals.map(encodeURIComponent)
    if (model.find('images', from) === undefined) return refusal(`Error: No such image: ${decodeURIComponent(from)}`)
    model.add('images', { name: to })
    return answer()
  },

  'image rm'(args, { model }) {
    for (const name of words(args).positionals) model.remove('images', encodeURIComponent(name))
    return answer()
  },

  'image ls'(args, { model }) {
    const [repository] = words(args, { format: text }).positionals
    const names = model.all('images').map(({ name }) => decodeURIComponent(name))
    return lines(names.filter((name) => name.startsWith(`${repository}:`)))
  },

  'image save'(args) {
    const { values, positionals } = words(args, { output: text, platform: text })
    writeFileSync(values.output, positionals.join('\n'))
    return answer()
  },

  /** A file of a container, running or not, as a tar stream of one entry. */
  cp(args, { model }) {
    const [source, target] = words(args).positionals
    const [, name, path] = /^(.+?):(\/.*)$/.exec(source)
    const container = model.find('containers', name)
    if (container === undefined) return refusal(`Error response from daemon: No such container: ${name}`)
    const text = container.files?.[path]
    if (target !== '-' || text === undefined) {
      return refusal(`Error response from daemon: Could not find the file ${path} in container ${name}`)
    }
    return answer(tar(path.split('/').at(-1), text))
  },

  'network inspect'(args, { model }) {
    const { values, positionals } = words(args, { format: text })
    if (values.format !== undefined) return answer('1500\n')
    return inspect('network', positionals, model, ({ id, name, labels, subnets }) => ({
      Id: id,
      Name: name,
      Labels: labels,
      IPAM: { Config: subnets.map((Subnet) => ({ Subnet })) },
      Containers: Object.fromEntries(
        attached(model, name).map((container) => [container.id, { Name: container.name }]),
      ),
    }))
  },

  'network ls'(args, { model }) {
    const { values } = words(args, { 'no-trunc': flag, format: text, filter: texts })
    const found = model
      .all('networks')
      .filter(({ name, labels }) =>
        values.filter.every((each) =>
          each.startsWith('name=') ? new RegExp(each.slice(5)).test(name) : hasLabel(labels, each),
        ),
      )
    return lines(found.map(({ id, labels }) => filledIn(values.format, { ID: id }, labels)))
  },

  'network create'(args, { model }) {
    const { values, positionals } = words(args, { driver: text, opt: texts, ipv6: flag, subnet: texts, label: texts })
    const [name] = positionals
    const id = model.newId(name)
    const labels = Object.fromEntries(values.label.map((label) => label.split('=')))
    // each network another /16 of IPv4, and of IPv6 what was asked for
    const subnets = [`172.${String(model.claim('networks', 21))}.0.0/16`, ...values.subnet]
    return model.add('networks', { id, name, labels, subnets })
      ? answer(`${id}\n`)
      : refusal(`Error response from daemon: network with name ${name} already exists`)
  },

  'network rm'(args, { model }) {
    return each(words(args).positionals, (key) => {
      const network = model.find('networks', key)
      if (network === undefined) return `Error response from daemon: network ${key} not found`
      if (attached(model, network.name).length > 0) {
        return `Error response from daemon: error while removing network: network ${network.name} id ${network.id} has active endpoints`
      }
      model.remove('networks', network.name)
      return undefined
    })
  },

  /** The first who names a volume makes it; whoever comes later gets the same one, with the labels of the first. */
  'volume create'(args, { model }) {
    const { values, positionals } = words(args, { label: texts })
    const [name] = positionals
    model.add('volumes', { name, labels: Object.fromEntries(values.label.map((label) => label.split(/=(.*)/s, 2))) })
    return answer(`${name}\n`)
  },

  'volume ls'(args, { model }) {
    const { values } = words(args, { format: text, filter: texts })
    const found = model.all('volumes').filter(({ labels }) => values.filter.every((each) => hasLabel(labels, each)))
    return lines(found.map(({ name, labels }) => filledIn(values.format, { Name: name }, labels)))
  },

  'volume rm'(args, { model }) {
    const { values, positionals } = words(args, { force: flag })
    return each(positionals, (name) => {
      if (model.find('volumes', name) === undefined && !values.force) return `Error: No such volume: ${name}`
      model.remove('volumes', name)
      return undefined
    })
  },

  rm(args, { model }) {
    return each(words(args, { force: flag, volumes: flag }).positionals, (key) => {
      const container = model.find('containers', key)
      if (container === undefined) return `Error: No such container: ${key}`
      model.remove('wirings', container.name)
      for (const { name, node } of model.all('pods')) if (node === container.name) model.remove('pods', name)
      model.remove('coredns', container.labels['io.x-k8s.kind.cluster'])
      model.remove('containers', container.name)
      return undefined
    })
  },

  exec(args, call) {
    const [name, program, ...rest] = args.filter((word) => !['--privileged', '--interactive'].includes(word))
    const container = call.model.find('containers', name)
    if (container === undefined) return refusal(`Error: No such container: ${name}`)
    if (container.stopped) return refusal(`Error response from daemon: container ${container.id} is not running`)
    if (program === 'kubeadm') return answer()
    if (program === 'cat' && rest.join() === '/etc/resolv.conf') return answer('nameserver 172.18.0.1\n')
    if (program === 'rm' && rest[0] === '-rf') return answer()
    const [, script, , ...values] = rest
    if (script.includes('/etc/containerd/certs.d')) return answer()
    if (script.includes(' images import ')) return importImages(call, container, values)
    if (script.includes('/etc/kind-flat-network/wiring')) return wireNode(call.model, container, values)
    if (script.includes('/dev/udp/')) return askPods(call, container, script, values)
    return refusal('bash: a script the stub does not know', 126)
  },
}

export function docker(call) {
  const [first, second] = call.argv
  const [command, rest] =
    `${first} ${second}` in commands ? [`${first} ${second}`, call.argv.slice(2)] : [first, call.argv.slice(1)]
  return command in commands
    ? commands[command](rest, call)
    : refusal(`docker: '${call.argv.join(' ')}' is not a docker command`)
}

function inspect(what, keys, model, describe) {
  const found = keys.map((key) => [key, model.find(`${what}s`, key)])
  const missing = found
    .filter(([, object]) => object === undefined)
    .map(([key]) => `Error: No such ${what}: ${decodeURIComponent(key)}`)
  const output = JSON.stringify(found.flatMap(([, object]) => (object === undefined ? [] : [describe(object)])))
  return missing.length === 0 ? answer(output) : refusal(missing.join('\n'), 1, output)
}

/** Does one thing after the other; what fails is told and does not keep the rest. */
function each(keys, work) {
  const failures = keys.flatMap((key) => work(key) ?? [])
  return failures.length === 0 ? answer() : refusal(failures.join('\n'))
}

function attached(model, network) {
  return model.all('containers').filter(({ addresses }) => network in addresses)
}

/** A Go template of fields and labels, each as it is or as JSON. */
function filledIn(format, fields, labels) {
  return format.replace(/\{\{(json )?\(?\.(?:Label "(.+?)"|(\w+))\)?\}\}/g, (_, json, label, field) => {
    const value = label === undefined ? fields[field] : (labels[label] ?? '')
    return json === undefined ? value : JSON.stringify(value)
  })
}

function hasLabel(labels, filter) {
  const wanted = filter.replace(/^label=/, '')
  return wanted in labels || pairs(labels).includes(wanted)
}

/** As `docker cp` writes it: a header with name and size in octal, and everything filled up to blocks of 512 bytes. */
function tar(name, content) {
  const header = name.padEnd(124, '\0') + Buffer.byteLength(content).toString(8).padStart(11, '0')
  return header.padEnd(512, '\0') + content + '\0'.repeat(1024 + (512 - (Buffer.byteLength(content) % 512)))
}

const pairs = (labels) => Object.entries(labels).map(([name, value]) => `${name}=${value}`)
const lines = (list) => answer(list.map((line) => `${line}\n`).join(''))
