import { Problems } from '../model/problems.js'
import type { HostFacts } from './host-facts.js'
import { kubernetesVersionOf } from './image-reference.js'
import { kindRelease, kindReleases, kubectlReleases } from './releases.js'
import type { Request } from './request.js'
import { chooseTools } from './tools.js'

/** Kubernetes of the node image that the kind in use takes by itself; `undefined` of a kind that is not known here. */
export function defaultKubernetes(request: Request, { tools }: Pick<HostFacts, 'tools'>): string | undefined {
  const releases = { kind: kindReleases, kubectl: kubectlReleases }
  const kind = chooseTools(request, tools, releases, new Problems()).find(({ name }) => name === 'kind')
  const image = kind === undefined ? undefined : kindRelease(kind.version)?.nodeImage
  return image === undefined ? undefined : kubernetesVersionOf(image)
}
