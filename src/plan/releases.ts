import { rcompare } from 'semver'
import { knownReleases } from './known-releases.js'

/** SHA-256 of the Linux programs, in lower-case hexadecimal digits. None is here that was not seen somewhere. */
export interface Checksums {
  readonly amd64?: string
  readonly arm64?: string
  /** Public source that they were seen in: `owner/repository@commit path`, or the release itself. */
  readonly seenIn?: string
}

export interface ToolRelease {
  /** Without `v`. */
  readonly version: string
  readonly sha256: Checksums
}

export interface KindRelease extends ToolRelease {
  /** What kind uses when no image is named: `pkg/apis/config/defaults/image.go` of that release. */
  readonly nodeImage: string
  /** The images published with it, by Kubernetes version: `kindest/node:v1.34.0@sha256:…`. */
  readonly nodeImages: Readonly<Record<string, string>>
  readonly nodeImagesSeenIn: string
}

/** A manifest of a release, by its path in the repository of the same name. */
export interface ManifestRelease {
  readonly version: string
  readonly manifest: string
  readonly sha256: string
  readonly seenIn: string
}

/** What `known-releases.ts` holds, each list newest first. */
export interface KnownReleases {
  readonly kind: readonly KindRelease[]
  readonly kubectl: readonly ToolRelease[]
  readonly metallb: ManifestRelease
}

export const kindReleases: readonly KindRelease[] = knownReleases.kind
export const kubectlReleases: readonly ToolRelease[] = knownReleases.kubectl
export const metallbRelease: ManifestRelease = knownReleases.metallb

/** The release of kind with exactly this version (without `v`), when it is known. */
export function kindRelease(version: string): KindRelease | undefined {
  return kindReleases.find((release) => release.version === version)
}

/** Kubernetes versions that images were published for with this release of kind, newest first. */
export function knownKubernetesVersions(kindVersion: string): readonly string[] {
  return Object.keys(kindRelease(kindVersion)?.nodeImages ?? {}).sort(rcompare)
}

/** The image published with this release of kind for a Kubernetes version: `1.34.0`, or `1.34` for its newest patch. */
export function nodeImageFor(kindVersion: string, kubernetesVersion: string): string | undefined {
  const version = knownKubernetesVersions(kindVersion).find((known) => `${known}.`.startsWith(`${kubernetesVersion}.`))
  return version === undefined ? undefined : kindRelease(kindVersion)?.nodeImages[version]
}

/** The release with the highest version. */
export function newest<Release extends { readonly version: string }>(
  releases: readonly Release[],
): Release | undefined {
  return releases.toSorted((a, b) => rcompare(a.version, b.version))[0]
}
