// What runs on a node: the wiring it was given, and answers of probe pods that follow from the wiring of both ends.
import { Buffer } from 'node:buffer'
import { BlockList } from 'node:net'
import { answer, refusal } from './model.js'

/** Keeps what a node shall have in place of what it had, and prints what that changed. */
export function wireNode(model, { name }, [wanted]) {
  const wiring = { name, routes: {}, keepSource: [] }
  for (const line of wanted.split('\n').filter((text) => text !== '')) {
    const [kind, subject, ...rest] = line.split(' ')
    const hops = rest.filter((word) => word !== 'via')
    const known = {
      route: hops.length > 0 && rest.length === 2 * hops.length,
      unreachable: true,
      subnet: true,
      keep: true,
    }
    if (!known[kind]) return refusal(`what the node shall have is not understood: ${line}`, 2)
    if (kind === 'route' || kind === 'unreachable') wiring.routes[subject] = hops
    if (kind === 'keep') wiring.keepSource.push(subject)
  }
  const [before, after] = [model.find('wirings', name), wiring].map(linesOf)
  model.remove('wirings', name)
  model.add('wirings', wiring)
  const told = [
    ...before.filter((line) => !after.includes(line)).map((line) => `${line} removed\n`),
    ...after.filter((line) => !before.includes(line)).map((line) => `${line} added\n`),
  ]
  return answer(told.join(''))
}

/** Prints the images that a node lacks, and gives it those. An archive comes by standard input: it is not there. */
export function importImages({ model, stdin }, { name }, [, ...images]) {
  const { has = [] } = model.find('loaded', name) ?? {}
  const missing = images.filter((image, index) => index % 2 === 0 && !has.includes(image))
  if (missing.length > 0 && stdin === '') return refusal('ctr: unexpected EOF')
  model.remove('loaded', name)
  model.add('loaded', { name, has: [...has, ...missing] })
  return answer(missing.map((image) => `${image}\n`).join(''))
}

function linesOf({ routes, keepSource } = { routes: {}, keepSource: [] }) {
  return [
    ...Object.entries(routes).map(([destination, hops]) =>
      hops.length === 0 ? `unreachable route ${destination}` : `route ${destination} via ${hops.join(', ')}`,
    ),
    ...keepSource.map((subnet) => `masquerade exemption of ${subnet}`),
  ]
}

/** One line for each address, as the probe's script prints them: address, microseconds, DNS answer in base64. */
export async function askPods({ model, faults }, from, script, [podAddress, ...asked]) {
  const pods = model.all('pods')
  const pod = pods.find(({ node, addresses }) => node === from.name && addresses.includes(podAddress))
  if (pod === undefined) return refusal(`no network namespace holds ${podAddress}`)
  const { decode, encode, RECURSION_DESIRED } = await import('dns-packet')
  const [, bytes] = /printf "((?:\\x[0-9a-f]{2})+)"/.exec(script)
  const { id, questions } = decode(Buffer.from(bytes.replaceAll('\\x', ''), 'hex'))
  const lines = asked.map((each) => {
    const [target] = each.split(',')
    const source = seenSource(model, faults, from, pod, target)
    if (source === undefined) return `${target} - -`
    const additionals = [{ type: source.includes(':') ? 'AAAA' : 'A', name: questions[0].name, data: source }]
    const packet = encode({ type: 'response', id, flags: RECURSION_DESIRED, questions, additionals })
    return `${target} 412 ${packet.toString('base64')}`
  })
  return answer(lines.map((line) => `${line}\n`).join(''))
}

/** The address with which a pod is seen by another; `undefined` when no answer comes back. */
function seenSource(model, { silent = [], masquerading = [] }, from, pod, target) {
  const to = model.all('pods').find(({ addresses }) => addresses.includes(target))
  const entries = model
    .all('containers')
    .filter(({ serviceSubnets = [] }) => serviceSubnets.some((subnet) => contains(subnet, target)))
  if (entries.length > 0) {
    const hops = entries.map(({ name }) => sameFamily(addressesOf(model, name), target))
    return hops.find((hop) => leads(wiringOf(model, from.name), target, hop))
  }
  if (to === undefined || silent.includes(`${from.name} > ${to.node}`)) return undefined
  const there = wiringOf(model, from.name)
  const own = (of) => sameFamily(of, target)
  if (!leads(there, target, own(addressesOf(model, to.node)))) return undefined
  const keeps = there.keepSource.some((subnet) => contains(subnet, target)) && !masquerading.includes(from.name)
  const node = own(addressesOf(model, from.name))
  if (!keeps) return node
  const source = own(pod.addresses)
  return leads(wiringOf(model, to.node), source, node) ? source : undefined
}

const wiringOf = (model, node) => model.find('wirings', node) ?? { routes: {}, keepSource: [] }
const addressesOf = (model, node) => Object.values(model.find('containers', node)?.addresses ?? {})[0] ?? []
const sameFamily = (addresses, other) => addresses.find((each) => each.includes(':') === other.includes(':'))

/** Whether packets to an address go to that next hop. */
function leads({ routes }, address, hop) {
  const [, hops = []] = Object.entries(routes).find(([destination]) => contains(destination, address)) ?? []
  return hop !== undefined && hops.includes(hop)
}

function contains(subnet, address) {
  const [network, prefix] = subnet.split('/')
  const family = (text) => (text.includes(':') ? 'ipv6' : 'ipv4')
  const list = new BlockList()
  list.addSubnet(network, Number(prefix), family(network))
  return family(network) === family(address) && list.check(address, family(address))
}
