import type { ManifestRelease } from '../plan/releases.js'
import { kubectl, type KubectlTarget } from './kubectl.js'
import { podTroubles, type PodItem } from './pod-troubles.js'

/** MetalLB, as its manifest installs it. */
export const metalLb = {
  namespace: 'metallb-system',
  controller: 'deployment/controller',
  speaker: 'daemonset/speaker',
  /** Of the pods of both. */
  selector: 'app=metallb',
} as const

const pools = 'ipaddresspools.metallb.io'
/** Of the pool and its advertisement. */
const name = 'kind-flat-network'

/** Where the manifest of a release is served, or what has the same path under another base. */
export function manifestAddress(
  { version, manifest }: ManifestRelease,
  mirror = 'https://raw.githubusercontent.com',
): string {
  return `${mirror}/metallb/metallb/v${version}/${manifest}`
}

/** Prints what there is of the definition of pools and of the controller that the manifest makes. */
export function findMetalLb(target: KubectlTarget): string[] {
  return kubectl(
    target,
    `--namespace=${metalLb.namespace}`,
    'get',
    `customresourcedefinition/${pools}`,
    metalLb.controller,
    '--ignore-not-found',
    '--output=name',
  )
}

/** Whether somebody has installed a MetalLB in another way, such as by Helm. */
export function isOtherMetalLb(output: string): boolean {
  return output.includes(pools) && !output.includes('/controller')
}

/** The addresses that MetalLB gives to Services, told to the network by ARP and NDP (its layer 2 mode). */
export function poolManifest(subnets: readonly string[]): string {
  const metadata = { name, namespace: metalLb.namespace }
  const apiVersion = 'metallb.io/v1beta1'
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      // some programs take addresses that end in 0 or 255 for those of a network
      { apiVersion, kind: 'IPAddressPool', metadata, spec: { addresses: subnets, avoidBuggyIPs: true } },
      { apiVersion, kind: 'L2Advertisement', metadata, spec: { ipAddressPools: [name] } },
    ],
  })
}

/** Returns when the controller answers, and with it the webhook that looks at every pool. */
export function waitForController(target: KubectlTarget, seconds: number): string[] {
  return kubectl(
    target,
    `--namespace=${metalLb.namespace}`,
    'wait',
    metalLb.controller,
    '--for=condition=Available',
    `--timeout=${String(Math.ceil(seconds))}s`,
  )
}

/** Returns when there is a speaker on every node. */
export function waitForSpeakers(target: KubectlTarget, seconds: number): string[] {
  return kubectl(
    target,
    `--namespace=${metalLb.namespace}`,
    'rollout',
    'status',
    metalLb.speaker,
    `--timeout=${String(Math.ceil(seconds))}s`,
  )
}

/** What keeps pods from running, one line for each. */
export function parsePodTroubles(output: string): string[] {
  const { items } = JSON.parse(output) as { items: readonly PodItem[] }
  return podTroubles(items).map(({ pod, why }) => `pod ${pod}: ${why}`)
}
