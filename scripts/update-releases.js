// Renews src/plan/known-releases.ts, or the file given, from where kind and kubectl are released. What is not there
// (404) is kept as it is; whatever else is not as expected ends it before anything is written.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { gte, inc, major, minor, rcompare } from 'semver'

const { fetch, AbortSignal, Buffer } = globalThis

const { env } = process
const bases = {
  api: env.GITHUB_API_BASE ?? 'https://api.github.com',
  github: env.GITHUB_BASE ?? 'https://github.com',
  source: env.GITHUB_RAW_BASE ?? 'https://raw.githubusercontent.com',
  kubernetes: env.KUBERNETES_BASE ?? 'https://dl.k8s.io',
}
const kind = 'kubernetes-sigs/kind'
const architectures = ['amd64', 'arm64']
const answerSeconds = 30
const answerBytes = 8 * 1024 * 1024
const wholeRun = AbortSignal.timeout(10 * 60_000)

/** Text at an address; undefined when there is none. */
async function ask(address, headers = {}) {
  try {
    const response = await fetch(address, {
      headers: { 'user-agent': 'kind-flat-network', ...headers },
      signal: AbortSignal.any([wholeRun, AbortSignal.timeout(answerSeconds * 1000)]),
    })
    if (address.startsWith('https:') && !response.url.startsWith('https:')) throw new Error('was sent on to plain http')
    const chunks = []
    let bytes = 0
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length
      if (bytes > answerBytes) throw new Error(`is longer than ${answerBytes} bytes`)
      chunks.push(chunk)
    }
    if (response.status === 404) return undefined
    if (!response.ok) throw new Error(`answered ${response.status}`)
    return Buffer.concat(chunks).toString('utf8')
  } catch (error) {
    throw new Error(`${address}: ${error.cause?.message ?? error.message}`, { cause: error })
  }
}

function refuse(address, what) {
  throw new Error(`${address}: ${what}`)
}

/** A checksum file: the digits alone (kubectl), or with the name of the file as shasum writes it (kind). */
async function sha256At(address, file) {
  const text = await ask(address)
  if (text === undefined) return undefined
  const [, digits, name] = /^([0-9a-f]{64})(?: [ *](\S+))?\s*$/.exec(text) ?? refuse(address, 'is no SHA-256')
  if (name !== undefined && name !== file) refuse(address, `is of ${name}, not of ${file}`)
  return digits
}

/** `kindest/node:v1.34.0@sha256:…` as [1.34.0, itself]. */
function nodeImage(reference, address) {
  const [, version] =
    /^kindest\/node:v(\d+\.\d+\.\d+)@sha256:[0-9a-f]{64}$/.exec(reference) ??
    refuse(address, `${reference} is no node image with its digest`)
  return [version, reference]
}

/**
 * Items of the lists of a release's notes: "- v1.34.0: `kindest/node:v1.34.0@sha256:…`", in older ones " - 1.27: …" or
 * with an asterisk. Images that are named elsewhere in notes may be examples or of other releases.
 */
function listedImages(notes, address) {
  return [...notes.matchAll(/^\s*[-*]\s+v?(\d+\.\d+(?:\.\d+)?):\s+`?(kindest\/node:.*?)`?\s*$/gm)].map(
    ([, said, reference]) => {
      const [version] = nodeImage(reference, address)
      if (!`${version}.`.startsWith(`${said}.`)) refuse(address, `lists ${reference} as ${said}`)
      return [version, reference]
    },
  )
}

/** What was known and what was found; a value that was known and is another one now is for a person to look at. */
function merge(known, found, address) {
  const merged = { ...known }
  for (const [key, value] of found) {
    if (value === undefined) continue
    if (merged[key] !== undefined && merged[key] !== value) {
      refuse(address, `has ${value} for ${key}, known was ${merged[key]}`)
    }
    merged[key] = value
  }
  return merged
}

/** The source asked now, and the one before where that still stands for a value that was not found now. */
function sourceOf(values, found, source, before) {
  const renewed = new Map(found.filter(([, value]) => value !== undefined))
  if (Object.keys(values).every((key) => renewed.has(key))) return source
  return renewed.size === 0 || before?.includes(source) ? before : [before, source].filter(Boolean).join(', ')
}

/** What a release's checksum files say. They never change: what was seen in all of them is not asked for again. */
async function checksums(known = {}, source, addressOf, fileOf) {
  const { seenIn, ...sums } = known
  if (seenIn === source && architectures.every((architecture) => sums[architecture] !== undefined)) return known
  const found = []
  for (const architecture of architectures) {
    found.push([architecture, await sha256At(addressOf(architecture), fileOf(architecture))])
  }
  const merged = merge(sums, found, addressOf('*'))
  const seenNow = sourceOf(merged, found, source, seenIn)
  return Object.keys(merged).length === 0 ? {} : { ...merged, seenIn: seenNow }
}

function byVersion(releases) {
  return new Map(releases.map((release) => [release.version, release]))
}

function newestFirst(releases) {
  return releases.toSorted((a, b) => rcompare(a.version, b.version))
}

async function kindReleases(known) {
  const address = `${bases.api}/repos/${kind}/releases?per_page=30`
  const token = env.GITHUB_TOKEN
  const text = await ask(address, {
    accept: 'application/vnd.github+json',
    ...(token ? { authorization: `Bearer ${token}` } : {}),
  })
  if (text === undefined) return known
  let releases
  try {
    releases = JSON.parse(text)
  } catch {
    refuse(address, 'is no JSON')
  }
  if (!Array.isArray(releases)) refuse(address, 'is no list of releases')
  const oldest = known.at(-1).version
  const all = byVersion(known)
  for (const { tag_name: tag, draft, prerelease, body } of releases) {
    if (typeof tag !== 'string') refuse(address, 'has a release without a tag')
    const version = tag.slice(1)
    if (draft || prerelease || !/^v\d+\.\d+\.\d+$/.test(tag) || !gte(version, oldest)) continue
    const before = all.get(version)
    const defaults = `${bases.source}/${kind}/${tag}/pkg/apis/config/defaults/image.go`
    const code = await ask(defaults)
    if (code === undefined && before === undefined) continue
    const [, reference] =
      code === undefined ? [] : (/^const Image = "(.*)"$/m.exec(code) ?? refuse(defaults, 'has no default image'))
    const own = reference === undefined ? [] : [nodeImage(reference, defaults)]
    const { nodeImage: image } = merge({ nodeImage: before?.nodeImage }, [['nodeImage', reference]], defaults)
    const notes = `release notes of kind ${tag}`
    const images = [...own, ...listedImages(body ?? '', notes)]
    const nodeImages = merge(before?.nodeImages, images, notes)
    all.set(version, {
      version,
      sha256: await checksums(
        before?.sha256,
        `${kind} ${tag} kind-linux-*.sha256sum`,
        (architecture) => `${bases.github}/${kind}/releases/download/${tag}/kind-linux-${architecture}.sha256sum`,
        (architecture) => `kind-linux-${architecture}`,
      ),
      nodeImage: image,
      nodeImages: Object.fromEntries(Object.entries(nodeImages).sort(([a], [b]) => rcompare(a, b))),
      nodeImagesSeenIn: sourceOf(
        nodeImages,
        images,
        `${kind} ${tag} release notes and pkg/apis/config/defaults/image.go`,
        before?.nodeImagesSeenIn,
      ),
    })
  }
  return newestFirst([...all.values()])
}

/** The newest patch of each minor from the oldest known to the one after the newest, and what node images hold. */
async function kubectlVersions(known, kindNow) {
  const versions = new Set(known.map(({ version }) => version))
  const oldest = known.at(-1).version
  const last = inc(known[0].version, 'minor')
  for (let each = minor(oldest); each <= minor(last); each += 1) {
    const address = `${bases.kubernetes}/release/stable-${major(last)}.${each}.txt`
    const text = await ask(address)
    if (text === undefined) continue
    const [, version] = /^v(\d+\.\d+\.\d+)\s*$/.exec(text) ?? refuse(address, 'is no version')
    if (!version.startsWith(`${major(last)}.${each}.`)) refuse(address, `has ${version}`)
    versions.add(version)
  }
  for (const { nodeImages } of kindNow) {
    for (const version of Object.keys(nodeImages)) if (gte(version, oldest)) versions.add(version)
  }
  return [...versions]
}

async function kubectlReleases(known, kindNow) {
  const before = byVersion(known)
  const releases = []
  for (const version of await kubectlVersions(known, kindNow)) {
    const sha256 = await checksums(
      before.get(version)?.sha256,
      `dl.k8s.io v${version} kubectl.sha256`,
      (architecture) => `${bases.kubernetes}/release/v${version}/bin/linux/${architecture}/kubectl.sha256`,
      () => 'kubectl',
    )
    if (before.has(version) || sha256.seenIn !== undefined) releases.push({ version, sha256 })
  }
  return newestFirst(releases)
}

/** The value that the file exports: a literal between the types around it. */
async function load(source) {
  const [, literal] =
    /^export const knownReleases = (.*) as const satisfies KnownReleases$/ms.exec(source) ??
    refuse(file, 'has no releases')
  return (await import(`data:text/javascript,${encodeURIComponent(`export default ${literal}`)}`)).default
}

async function write(knownReleases) {
  const text = `// Written by scripts/update-releases.js. No checksum or digest is here that was not seen in the source beside it.
    import type { KnownReleases } from './releases.js'

    export const knownReleases = ${JSON.stringify(knownReleases)} as const satisfies KnownReleases`
  return format(text, { ...(await resolveConfig(file)), parser: 'typescript' })
}

/** One line for each release that is new or renewed. */
function changes(name, before, now) {
  const known = byVersion(before)
  return now
    .filter((release) => JSON.stringify(known.get(release.version)) !== JSON.stringify(release))
    .map(({ version }) => `${name} ${version} ${known.has(version) ? 'renewed' : 'new'}`)
}

const file = process.argv[2] ?? fileURLToPath(new URL('../src/plan/known-releases.ts', import.meta.url))
try {
  const source = readFileSync(file, 'utf8')
  const known = await load(source)
  const kindNow = await kindReleases(known.kind)
  const kubectlNow = await kubectlReleases(known.kubectl, kindNow)
  const lines = [...changes('kind', known.kind, kindNow), ...changes('kubectl', known.kubectl, kubectlNow)]
  if (lines.length > 0) writeFileSync(file, await write({ ...known, kind: kindNow, kubectl: kubectlNow }))
  console.log(lines.length > 0 ? lines.join('\n') : 'nothing new')
} catch (error) {
  console.error(`${file} is left as it was: ${error.message}`)
  process.exitCode = 1
}
