import { familyOf, type Family } from '../model/cidr.js'
import type { ExistingCluster } from './host-facts.js'
import type { NodeRole } from '../model/kind-names.js'
import type { ClusterRequest } from './cluster-request.js'

/** A cluster whose name is decided. */
export interface NamedCluster extends ClusterRequest {
  readonly name: string
  /** The cluster that is taken over instead of making one. */
  readonly existing?: ExistingCluster
}

/** A cluster as everything after its creation knows it. */
export interface Cluster {
  readonly name: string
  /** It was there before this run, and stays. */
  readonly reused: boolean
  /** Context in the kubeconfig. */
  readonly context: string
  /** Clusters that share one of these are joined. */
  readonly networks: readonly string[]
  /** One of each of the cluster's address families, the primary one first. */
  readonly podSubnets: readonly string[]
  readonly serviceSubnets: readonly string[]
  /** Parts of the Docker network for the addresses of Services of type LoadBalancer; none where there is no room. */
  readonly loadBalancerSubnets: readonly string[]
  /** DNS domain that the joined clusters know it by. */
  readonly domain?: string
  readonly nodes: readonly { readonly name: string; readonly role: NodeRole }[]
}

/** Subnets of pods and services, one of each address family. */
type Subnets = Pick<Cluster, 'podSubnets' | 'serviceSubnets'>

/** The address families of a cluster, the primary one first. */
export function familiesOf({ podSubnets }: Pick<Subnets, 'podSubnets'>): Family[] {
  return podSubnets.map(familyOf)
}

/** All that has an address in a cluster lies in one of these. */
export function subnetsOf({ podSubnets, serviceSubnets }: Subnets): string[] {
  return [...podSubnets, ...serviceSubnets]
}
