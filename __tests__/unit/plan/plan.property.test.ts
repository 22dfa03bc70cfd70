import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { InputError } from '../../../src/errors.js'
import {
  addressAt,
  cidrAt,
  familyOf,
  overlap,
  parseCidr,
  sizeOf,
  type Cidr,
  type Family,
} from '../../../src/model/cidr.js'
import type { HostFacts } from '../../../src/plan/host-facts.js'
import type { KindNode } from '../../../src/kind-config/kind-config.js'
import { makePlan, type Plan } from '../../../src/plan/plan.js'
import type { ClusterRequest } from '../../../src/plan/cluster-request.js'
import type { Request } from '../../../src/plan/request.js'
import type { RunRecord } from '../../../src/plan/run-record.js'
import { planWiring, type Node } from '../../../src/plan/wiring.js'
import { directory, facts, request, run } from '../../fakes/build.js'

/** Whole numbers out of a seed (mulberry32): 100,000 topologies are drawn in a second, each found again by its seed. */
class Dice {
  constructor(private seed: number) {}

  /** From 0 up to, not including. */
  below(bound: number): number {
    this.seed = (this.seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.seed ^ (this.seed >>> 15), 1 | this.seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  /** Once in so many times. */
  once(times: number): boolean {
    return this.below(times) === 0
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  some<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, make)
  }
}

const parsed = new Map<string, Cidr>()

/** Reads each text once. */
function cidrOf(text: string): Cidr {
  const known = parsed.get(text)
  if (known !== undefined) return known

  const read = parseCidr(text)
  parsed.set(text, read)
  return read
}

function remembered(subnet: Cidr): Cidr {
  parsed.set(subnet.text, subnet)
  return subnet
}

/** Where subnets lie in, so that they get into each other's way often. */
const fields: Readonly<Record<Family, Cidr>> = { ipv4: parseCidr('10.0.0.0/9'), ipv6: parseCidr('fd00::/44') }

function subnet(dice: Dice, family: Family, shortest: number, longest: number): string {
  const field = fields[family]
  const prefix = dice.between(shortest, longest)
  const places = Number(sizeOf(family, field.prefix) / sizeOf(family, Math.min(prefix, field.prefix + 20)))
  const at = field.first + BigInt(dice.below(places)) * sizeOf(family, Math.min(prefix, field.prefix + 20))
  return remembered(cidrAt(family, at, prefix)).text
}

const ipFamilies = { ipv4: ['ipv4'], ipv6: ['ipv6'], dual: ['ipv4', 'ipv6'] } as const

/** One cluster as asked for, and what that must lead to. */
interface Asked {
  readonly families: readonly Family[]
  readonly networks: readonly string[]
  readonly nodes: number
  readonly masks: Readonly<Record<Family, number>>
  readonly pods: readonly string[]
  readonly services: readonly string[]
}

interface Topology {
  readonly asked: readonly Asked[]
  readonly supernets: { readonly pods: readonly string[]; readonly services: readonly string[] }
  readonly request: Request
  readonly machine: Partial<HostFacts>
  readonly taken: readonly string[]
}

/** What is not drawn. Reading the inputs has tests of its own, and would take most of the time here. */
const defaults = request()

function masksPatch({ ipv4, ipv6 }: Asked['masks']): string {
  return `{kind: ClusterConfiguration, controllerManager: {extraArgs: {node-cidr-mask-size-ipv4: "${String(ipv4)}", node-cidr-mask-size-ipv6: "${String(ipv6)}"}}}`
}

function placesOf(input: string): ClusterRequest['places'] {
  const keys = [
    'name',
    'ip-family',
    'pod-subnet',
    'service-subnet',
    'node-image',
    'kubernetes-version',
    'nodes',
    'networking',
  ]
  return Object.fromEntries(keys.map((key) => [key, `${input}.${key}`])) as unknown as ClusterRequest['places']
}

const readMasks = new Map<string, Asked['masks']>()

/** Reads each patch once. */
function masksOf(masks: Asked['masks']): Asked['masks'] {
  const patch = masksPatch(masks)
  const config = JSON.stringify({ kubeadmConfigPatches: [patch] })
  const [cluster] = readMasks.has(patch) ? [] : request({ clusters: '1', 'ip-family': 'dual', config }).clusters
  const read = readMasks.get(patch) ?? cluster?.nodeMasks ?? masks
  readMasks.set(patch, read)
  return read
}

function byFamily([ipv4 = '', ipv6 = '']: readonly string[]): Request['podSupernets'] {
  return { ipv4: cidrOf(ipv4), ipv6: cidrOf(ipv6) }
}

/** A topology that has a plan more often than not. */
function draw(dice: Dice): Topology {
  const mixed = dice.once(3)
    ? (['ipv4', 'ipv6', 'dual', 'dual'] as const)
    : [dice.of(['ipv4', 'ipv6', 'dual'] as const)]
  const groups = dice.of([['default'], ['a', 'b'], ['a', 'b', 'c']])
  const list: ClusterRequest[] = []
  const asked = Array.from({ length: dice.of([1, 2, 2, 2, 3, 3, 4, 6]) }, (): Asked => {
    const ipFamily = dice.of(mixed)
    const families = ipFamilies[ipFamily]
    const networks = [dice.of(groups), ...(dice.once(5) ? [dice.of(groups)] : [])]
    const [controlPlanes, workers] = [dice.of([1, 1, 1, 3]), dice.of([0, 0, 0, 1, 1, 2, 3, 5])]
    const patched = dice.once(6)
    const masks = patched ? { ipv4: dice.between(22, 26), ipv6: dice.between(60, 68) } : { ipv4: 24, ipv6: 64 }
    const givenIn = (family: Family, shortest: number, longest: number) =>
      dice.once(6) ? [subnet(dice, family, shortest, longest)] : []
    const pods = families.flatMap((family) => (family === 'ipv4' ? givenIn(family, 13, 22) : givenIn(family, 49, 62)))
    const services = families.flatMap((family) =>
      family === 'ipv4' ? givenIn(family, 12, 28) : givenIn(family, 108, 124),
    )
    const role = (name: 'control-plane' | 'worker', count: number) => Array<KindNode>(count).fill({ role: name })
    const config = patched ? { kubeadmConfigPatches: [masksPatch(masks)] } : {}
    const nodes = [...role('control-plane', controlPlanes), ...role('worker', workers)]
    list.push({
      input: `clusters[${String(list.length)}]`,
      places: placesOf(`clusters[${String(list.length)}]`),
      families,
      networks,
      nodes,
      nodeMasks: patched ? masksOf(masks) : masks,
      podSubnets: (dice.once(2) ? pods : pods.toReversed()).map(cidrOf),
      serviceSubnets: services.map(cidrOf),
      config,
    })
    return { families, networks, nodes: controlPlanes + workers, masks, pods, services }
  })
  const supernets = {
    pods: [subnet(dice, 'ipv4', 9, 16), subnet(dice, 'ipv6', 46, 54)],
    services: [
      subnet(dice, 'ipv4', 9, 17),
      dice.once(3) ? subnet(dice, 'ipv6', 48, 54) : subnet(dice, 'ipv6', 90, 112),
    ],
  }
  const any = () => (dice.once(2) ? subnet(dice, 'ipv4', 15, 28) : subnet(dice, 'ipv6', 52, 80))
  const networks = dice.some(3, () => [any()])
  const routes = dice.some(2, () => (dice.once(2) ? subnet(dice, 'ipv4', 14, 32) : subnet(dice, 'ipv6', 50, 128)))
  const foreign = dice.some(2, () => [any(), any()])
  const reserved = dice.some(2, () => [any()])
  return {
    asked,
    supernets,
    request: {
      ...defaults,
      clusters: list,
      podSupernets: byFamily(supernets.pods),
      serviceSupernets: byFamily(supernets.services),
      routeServices: !dice.once(4),
      preserveSourceIp: !dice.once(8),
    },
    machine: {
      networks: networks.map((subnets, index) => ({ id: String(index), name: `n${String(index)}`, subnets })),
      routes: routes.map((destination) => ({ destination, device: 'eth0' })),
      clusters: foreign.map((subnets, index) => ({ name: `theirs${String(index)}`, subnets })),
      reservations: reserved.map((subnets, index) => ({ run: `cafe000${String(index)}`, clusters: [], subnets })),
    },
    taken: [...networks.flat(), ...routes, ...foreign.flat(), ...reserved.flat()],
  }
}

function demand(holds: boolean, what: () => string): void {
  if (!holds) throw new Error(what())
}

const inside = (inner: Cidr, outer: Cidr) =>
  inner.family === outer.family && outer.first <= inner.first && inner.last <= outer.last
const share = <T>(one: readonly T[], other: readonly T[]) => one.some((each) => other.includes(each))

/** What is wrong with a plan is thrown. */
function checkPlan({ asked, supernets, taken }: Topology, plan: Plan): void {
  const machine = taken.map(cidrOf)
  const [podSupernets, serviceSupernets] = [supernets.pods.map(cidrOf), supernets.services.map(cidrOf)]
  const all = plan.clusters.map((cluster, index) => {
    const wanted = asked[index] as Asked
    const [pods, services] = [cluster.podSubnets.map(cidrOf), cluster.serviceSubnets.map(cidrOf)]
    for (const [kind, subnets, given, from] of [
      ['pods', pods, wanted.pods, podSupernets],
      ['services', services, wanted.services, serviceSupernets],
    ] as const) {
      demand(
        subnets.map(({ family }) => family).join() === wanted.families.join(),
        () => `${kind} of cluster ${String(index)} are not of its families`,
      )
      for (const [position, one] of subnets.entries()) {
        const own = given.find((text) => familyOf(text) === wanted.families[position])
        demand(
          own === undefined ? from.some((supernet) => inside(one, supernet)) : own === one.text,
          () => `${kind} ${one.text} are neither given nor of the supernet`,
        )
        const mask = wanted.masks[one.family]
        const fits =
          kind === 'pods'
            ? one.prefix <= mask && mask - one.prefix <= 16 && 2 ** (mask - one.prefix) >= wanted.nodes
            : one.family === 'ipv4'
              ? one.prefix >= 12 && one.prefix <= 28
              : one.prefix >= 108 && one.prefix <= 124
        demand(
          fits,
          () => `${kind} ${one.text} are of the wrong size for ${String(wanted.nodes)} nodes of /${String(mask)}`,
        )
      }
    }
    demand(cluster.nodes.length === wanted.nodes, () => `cluster ${String(index)} has the wrong number of nodes`)
    const { networking, nodes } = cluster.kindConfig as { networking: Record<string, string>; nodes: unknown[] }
    demand(
      networking['podSubnet'] === cluster.podSubnets.join() &&
        networking['serviceSubnet'] === cluster.serviceSubnets.join() &&
        networking['ipFamily'] === (wanted.families.length > 1 ? 'dual' : wanted.families[0]) &&
        nodes.length === wanted.nodes,
      () => `kind is told something else: ${JSON.stringify(networking)}`,
    )
    return { networks: wanted.networks, subnets: [...pods, ...services], given: [...wanted.pods, ...wanted.services] }
  })
  for (const [index, one] of all.entries()) {
    for (const [position, subnet] of one.subnets.entries()) {
      demand(!machine.some((other) => overlap(subnet, other)), () => `${subnet.text} meets what the machine has`)
      for (const other of one.subnets.slice(position + 1)) {
        demand(!overlap(subnet, other), () => `${subnet.text} meets ${other.text} within cluster ${String(index)}`)
      }
    }
    for (const other of all.slice(index + 1)) {
      const mustDiffer =
        share(one.networks, other.networks) ||
        all.some(({ networks }) => share(networks, one.networks) && share(networks, other.networks))
      for (const subnet of one.subnets) {
        for (const second of other.subnets) {
          if (!overlap(subnet, second)) continue
          demand(
            !mustDiffer && one.given.includes(subnet.text) && other.given.includes(second.text),
            () => `${subnet.text} meets ${second.text}`,
          )
        }
      }
    }
  }
}

const nodeSubnets = { ipv4: parseCidr('192.168.0.0/16'), ipv6: parseCidr('fc00:1::/64') }

const nodeAddresses = {
  ipv4: Array.from({ length: 60 }, (_, index) => addressAt(nodeSubnets.ipv4, index)),
  ipv6: Array.from({ length: 60 }, (_, index) => addressAt(nodeSubnets.ipv6, index)),
}

/** The nodes of a plan as they come up on its Docker network, some of them not. */
function nodesOf({ clusters }: Plan, asked: readonly Asked[], dice: Dice): Node[] {
  let number = 1
  return clusters.flatMap(({ name: cluster, podSubnets, nodes }, index) =>
    nodes
      .map(({ name, role }, position): Node => {
        const { families, masks } = asked[index] as Asked
        number++
        return {
          cluster,
          name,
          role,
          addresses: families.map((family) => nodeAddresses[family][number] as string),
          podCIDRs: podSubnets.map((text) => {
            const { family, first } = cidrOf(text)
            const mask = masks[family]
            return remembered(cidrAt(family, first + BigInt(position) * sizeOf(family, mask), mask)).text
          }),
        }
      })
      .filter(() => !dice.once(20)),
  )
}

/** What is wrong with the wiring of a plan is thrown. */
function checkWiring(plan: Plan, asked: readonly Asked[], nodes: readonly Node[]): number {
  const clusters = plan.clusters as unknown as RunRecord['clusters']
  const wirings = planWiring(
    { version: 1, ...plan, clusters, directory, kubeconfig: directory, tools: [], imagesToSave: [], complete: false },
    nodes,
  )
  demand(
    wirings.map(({ node }) => node).join() === nodes.map(({ name }) => name).join(),
    () => 'not every node is wired',
  )
  let routesSeen = 0
  for (const [own, cluster] of plan.clusters.entries()) {
    // the nodes of a cluster get the very same, so one of them is looked at
    const ours = wirings.filter((_, index) => nodes[index]?.cluster === cluster.name)
    const [first, ...rest] = ours
    if (first === undefined) continue
    demand(
      rest.every(
        ({ routes, keepSource, subnets }) =>
          routes === first.routes && keepSource === first.keepSource && subnets === first.subnets,
      ),
      () => `nodes of ${cluster.name} differ`,
    )
    const { families, networks } = asked[own] as Asked
    const ownSubnets = [...cluster.podSubnets, ...cluster.serviceSubnets].map(cidrOf)
    for (const text of [...first.routes.map(({ destination }) => destination), ...first.keepSource, ...first.subnets]) {
      const target = cidrOf(text)
      demand(!ownSubnets.some((subnet) => overlap(subnet, target)), () => `${cluster.name} touches its own ${text}`)
      demand(families.includes(target.family), () => `${cluster.name} has no ${target.family} for ${text}`)
    }
    const via = new Map(first.routes.map((route) => [route.destination, route.via]))
    demand(via.size === first.routes.length, () => `${cluster.name} has two routes to one destination`)
    const expected = new Set<string>()
    const meant: Cidr[] = [...ownSubnets]
    const others = plan.clusters.map((peer, index) => ({ peer, index })).filter(({ index }) => index !== own)
    const joined = others.filter(({ index }) => share(networks, (asked[index] as Asked).networks))
    for (const { peer } of joined) {
      const peerNodes = nodes.filter((node) => node.cluster === peer.name)
      for (const { podCIDRs, addresses } of peerNodes) {
        for (const podCIDR of podCIDRs.filter((text) => families.includes(familyOf(text)))) {
          expected.add(podCIDR)
          const hops = via.get(podCIDR)
          demand(
            hops?.length === 1 && addresses.includes(hops[0] ?? '') && familyOf(hops[0] ?? '') === familyOf(podCIDR),
            () => `${cluster.name} goes to ${podCIDR} via ${String(hops?.join())}`,
          )
        }
      }
      for (const text of [...peer.podSubnets, ...peer.serviceSubnets]) {
        meant.push(cidrOf(text))
        if (families.includes(familyOf(text))) demand(first.subnets.includes(text), () => `${text} is not looked after`)
      }
      for (const text of peer.podSubnets.filter((each) => families.includes(familyOf(each)))) {
        demand(first.keepSource.includes(text) === plan.preserveSourceIp, () => `the source toward ${text} is not kept`)
      }
      for (const text of peer.serviceSubnets.filter((each) => families.includes(familyOf(each)))) {
        const hops = via.get(text)
        if (!plan.routeServices || peerNodes.length === 0) {
          demand(hops === undefined, () => `${cluster.name} routes services ${text}`)
          continue
        }
        expected.add(text)
        const own = peerNodes.flatMap(({ addresses }) => addresses)
        demand(
          hops !== undefined &&
            hops.length === Math.min(8, peerNodes.length) &&
            new Set(hops).size === hops.length &&
            hops.every((hop) => own.includes(hop) && familyOf(hop) === familyOf(text)),
          () => `${cluster.name} goes to services ${text} via ${String(hops?.join())}`,
        )
      }
    }
    const sharedPods = joined.flatMap(({ peer }) => peer.podSubnets.filter((text) => families.includes(familyOf(text))))
    demand(
      first.keepSource.length === (plan.preserveSourceIp ? sharedPods.length : 0),
      () => `${cluster.name} keeps its source toward others than joined pods`,
    )
    for (const { peer } of others.filter((other) => !joined.includes(other))) {
      for (const text of [...peer.podSubnets, ...peer.serviceSubnets]) {
        const target = cidrOf(text)
        if (!families.includes(target.family) || meant.some((subnet) => overlap(subnet, target))) continue
        expected.add(text)
        demand(via.get(text)?.length === 0, () => `${cluster.name} does not close ${text}`)
        demand(first.subnets.includes(text), () => `${text} is not looked after`)
      }
    }
    for (const destination of via.keys())
      demand(expected.has(destination), () => `${cluster.name} has a route to ${destination}`)
    routesSeen += via.size
  }
  return routesSeen
}

test('100,000 topologies: no overlap, right sizes, every next hop on the shared network, or a clear error', () => {
  const seen = { plans: 0, errors: 0, routes: 0 }
  fc.assert(
    fc.property(fc.noBias(fc.integer()), (seed) => {
      parsed.clear()
      const dice = new Dice(seed)
      const topology = draw(dice)
      let plan: Plan
      try {
        plan = makePlan(topology.request, facts(topology.machine), run)
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        demand(error.problems.length > 0 && !/undefined|null|NaN/.test(error.message), () => error.message)
        seen.errors++
        return
      }
      checkPlan(topology, plan)
      seen.routes += checkWiring(plan, topology.asked, nodesOf(plan, topology.asked, dice))
      seen.plans++
    }),
    { numRuns: 100_000, endOnFailure: true },
  )
  // both ends of the property were reached
  expect(Math.min(seen.plans, seen.errors)).toBeGreaterThan(5_000)
  expect(seen.routes).toBeGreaterThan(100_000)
}, 300_000)
