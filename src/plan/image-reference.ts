import { BlockList, isIP } from 'node:net'
import { longestImage, longestImageName, longestTag, tooLong } from '../model/bounds.js'

/** A reference to an image, read as Docker reads it (`distribution/reference`). */
export interface ImageReference {
  /** As written, without tag and digest. */
  readonly name: string
  /** Host of the registry, with its port if need be; `docker.io` for Docker Hub. */
  readonly registry: string
  /** Path in the registry: `kindest/node`; `library/registry` for Docker Hub's `registry`. */
  readonly repository: string
  readonly tag?: string
  /** `sha256:…` */
  readonly digest?: string
}

/** Where an image lies: what of a reference tells its registry the name. */
export type Repository = Pick<ImageReference, 'registry' | 'repository'>

const dockerHub = 'docker.io'
const digestPattern = /^sha256:[0-9a-f]{64}$/
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`)
const hostPattern = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i

/** @throws {Error} with what is wrong, to be put after the text */
export function parseImageReference(text: string): ImageReference {
  const excess = tooLong(text, longestImage)
  if (excess !== undefined) throw new Error(excess)
  const [, name = '', tag, digest] = /^(.+?)(?::(\w[\w.-]*))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(text) ?? []
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(slash, 0))
  const hasHost = first === 'localhost' || /[.:A-Z]/.test(first)
  const path = hasHost ? name.slice(slash + 1) : name
  const registry = hasHost && first !== 'index.docker.io' ? first : dockerHub
  if (!repositoryPattern.test(path) || !hostPattern.test(registry)) {
    throw new Error('is no image; give its name, with a tag or a digest: kindest/node:v1.34.0@sha256:…')
  }
  checkLength('name', name, longestImageName)
  checkLength('tag', tag ?? '', longestTag)
  const repository = registry === dockerHub && !path.includes('/') ? `library/${path}` : path
  return { name, registry, repository, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) }
}

function checkLength(part: string, { length }: string, most: number): void {
  if (length <= most) return
  throw new Error(`has a ${part} of ${String(length)} characters; use at most ${String(most)}`)
}

/** The version of Kubernetes that the tag of a node image tells: `1.34.0` of `kindest/node:v1.34.0@sha256:…`. */
export function kubernetesVersionOf(image: string): string | undefined {
  return /:v?(\d+\.\d+(\.\d+)?)[^/]*$/.exec(image.split('@')[0] ?? '')?.[1]
}

/** Whether a text is the id of an image, which no registry knows. */
export function isImageId(text: string): boolean {
  return digestPattern.test(text)
}

/**
 * The same image in the registry that stands for Docker Hub; one of another registry stays as it is.
 * @throws {Error} with what is wrong with the reference
 */
export function throughMirror(text: string, mirror: string | undefined): string {
  if (isImageId(text)) return text
  const { registry, repository, tag, digest } = parseImageReference(text)
  if (mirror === undefined || registry !== dockerHub) return text
  const name = `${mirror}/${repository}`
  checkLength('name behind registry-mirror', name, longestImageName)
  return `${name}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}

/** A reference for a person: without the digest, where a tag tells the image as well. */
export function shortReference(text: string): string {
  return text.replace(/(:[\w.-]+)@sha256:[0-9a-f]{64}$/, '$1')
}

/** The host of a registry, without its port: a name, or an address without brackets. */
export function hostOf(registry: string): string {
  return registry.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

const privateNetworks = new BlockList()
// RFC 1918, RFC 3927, RFC 4193, RFC 4291
privateNetworks.addSubnet('10.0.0.0', 8)
privateNetworks.addSubnet('172.16.0.0', 12)
privateNetworks.addSubnet('192.168.0.0', 16)
privateNetworks.addSubnet('169.254.0.0', 16)
privateNetworks.addSubnet('fc00::', 7, 'ipv6')
privateNetworks.addSubnet('fe80::', 10, 'ipv6')

/** Whether a registry is on this machine; Docker speaks plain HTTP to no other. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || isIn(loopback, host)
}

/** Whether an address is of this machine or of a network without a way to the outside. */
export function isPrivateAddress(address: string): boolean {
  return isIn(loopback, address) || isIn(privateNetworks, address)
}

function isIn(list: BlockList, address: string): boolean {
  const version = isIP(address)
  return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4')
}
