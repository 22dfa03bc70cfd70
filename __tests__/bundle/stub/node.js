// What runs on a node: the wiring it was given, and answers of probe pods that follow from the wiring of both ends.
import { Buffer } from 'node:buffer'
import { BlockList } from 'node:net'
import { answer, refusal } from './model.js'

/** Routes and rules replace those of the same destination, as `ip route replace` and a rewritten chain do. */
export function wireNode(model, { name }, [routeLines, ruleLines]) {
  const routes = matches(routeLines, /^route replace (\S+) via (\S+) proto \d+$/)
  const rules = matches(ruleLines, /^-A KIND-FLAT-NETWORK -d (\S+) -j ACCEPT$/)
  if (routes === undefined) return refusal('Command line is not complete. Try option "help"')
  if (rules === undefined) return refusal('iptables-restore: line 3 failed', 2)
  const before = model.find('wirings', name)?.routes ?? {}
  model.remove('wirings', name)
  model.add('wirings', {
    name,
    routes: { ...before, ...Object.fromEntries(routes) },
    keepSource: rules.map(([subnet]) => subnet),
  })
  return answer()
}

/** One line for each address, as the probe's script prints them: address, microseconds, DNS answer in base64. */
export async function askPods({ model, faults }, from, script, [podAddress, ...targets]) {
  const pods = model.all('pods')
  const pod = pods.find(({ name, address }) => name === from.name && address === podAddress)
  if (pod === undefined) return refusal(`no network namespace holds ${podAddress}`)
  const { decode, encode, RECURSION_DESIRED } = await import('dns-packet')
  const [, bytes] = /printf "((?:\\x[0-9a-f]{2})+)"/.exec(script)
  const { id, questions } = decode(Buffer.from(bytes.replaceAll('\\x', ''), 'hex'))
  const lines = targets.map((target) => {
    const source = seenSource(model, faults, from, pod, target)
    if (source === undefined) return `${target} - -`
    const additionals = [{ type: 'A', name: questions[0].name, data: source }]
    const packet = encode({ type: 'response', id, flags: RECURSION_DESIRED, questions, additionals })
    return `${target} 412 ${packet.toString('base64')}`
  })
  return answer(lines.map((line) => `${line}\n`).join(''))
}

/** The address with which a pod is seen by another; `undefined` when no answer comes back. */
function seenSource(model, { silent = [], masquerading = [] }, from, pod, target) {
  const to = model.all('pods').find(({ address }) => address === target)
  if (to === undefined || silent.includes(`${from.name} > ${to.name}`)) return undefined
  const there = wiringOf(model, from.name)
  if (nextHop(there, target) !== addressOf(model, to.name)) return undefined
  const keeps = there.keepSource.some((subnet) => contains(subnet, target)) && !masquerading.includes(from.name)
  if (!keeps) return addressOf(model, from.name)
  return nextHop(wiringOf(model, to.name), pod.address) === addressOf(model, from.name) ? pod.address : undefined
}

const wiringOf = (model, node) => model.find('wirings', node) ?? { routes: {}, keepSource: [] }
const addressOf = (model, node) => Object.values(model.find('containers', node)?.addresses ?? {})[0]

function nextHop({ routes }, address) {
  return Object.entries(routes).find(([destination]) => contains(destination, address))?.[1]
}

function contains(subnet, address) {
  const [network, prefix] = subnet.split('/')
  const list = new BlockList()
  list.addSubnet(network, Number(prefix))
  return list.check(address)
}

/** The groups of every line; `undefined` when a line is of another form. */
function matches(lines, form) {
  const found = lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => form.exec(line))
  return found.includes(null) ? undefined : found.map((match) => match.slice(1))
}
