import fc, { type Arbitrary } from 'fast-check'
import { parse, stringify } from 'yaml'
import { inputs, type InputName } from '../../src/plan/inputs.js'
import { clusters, directory, record, run } from '../fakes/build.js'
import { anyKindConfig } from '../e2e/support/any-kind-config.js'
import { corpus } from '../fakes/corpus.js'
import { anyInputs } from './any-inputs.js'
import { anyDocument, damagedBytes, damagedText, garbage, jsonText, piece, withWrongValues } from './any-text.js'
import { tarOf, type Member } from './tar.js'

const digest = fc.stringMatching(/^[0-9a-f]{64}$/)

/** The inputs as a config file has them: numbers, lists and maps where the text of the input stands for such. */
const configFile = anyInputs.map(({ given }) =>
  Object.fromEntries(
    Object.entries(given).map(([name, text]) => [name, natural(name as InputName, text ?? '')] as const),
  ),
)

function natural(name: InputName, text: string): unknown {
  const input = inputs[name]
  if (/^\d{1,15}$/.test(text)) return Number(text)
  if (input.type === 'boolean') return text === 'true'
  if (input.type === 'list') return text.split(input.separator)
  // what is nested deeply stays text: changing it in a place would run out of stack
  if (!['clusters', 'config'].includes(name) || /(\[|\{"a":){20}/.test(text)) return text
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

/** Without secrets, which damage would carry to where nobody expects one. */
const openConfigFile = configFile.map((value) => JSON.parse(jsonText(value).replaceAll('s3cret', 'public')) as object)

/** Config files of the command line: most of them as YAML that programs write, some of it cut or changed. */
export const anyConfigFile: Arbitrary<Buffer> = fc.oneof(
  { weight: 2, arbitrary: configFile.map((value) => Buffer.from(stringify(value))) },
  { weight: 5, arbitrary: anyDocument(openConfigFile, (value) => stringify(value)).map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: anyDocument(openConfigFile).map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: damagedBytes(openConfigFile.map((value) => Buffer.from(stringify(value)))) },
)

const imageToSave = fc.record({
  key: fc.constant('key'),
  reference: fc.constant('kindest/node:v1.34.0'),
  registry: fc.constant('docker.io'),
  repository: fc.constant('kindest/node'),
  digest: digest.map((hex) => `sha256:${hex}`),
  platform: fc.constant('linux/amd64'),
})

const toolOfRecord = fc.oneof(
  fc.constant({ name: 'kind', version: '0.33.0', from: 'path' }),
  fc.constant({
    name: 'kubectl',
    version: '1.34.4',
    from: 'download',
    url: 'https://dl.k8s.io/x',
    check: { sha256File: 'https://dl.k8s.io/x.sha256' },
  }),
)

const runRecord = fc
  .record({
    base: fc.constantFrom(
      record({ clusters: '1' }),
      record({ clusters: '3', 'ip-family': 'dual', workers: '2' }),
      record({ clusters: clusters(['east', 3, 1], ['west', 1, 0]), 'cross-cluster-dns': 'true' }),
    ),
    changes: fc.record(
      {
        complete: fc.boolean(),
        run: fc.constantFrom(run, run, run, 'cafe0001'),
        directory: fc.constantFrom(directory, directory, directory, '/home/me', '/', ''),
        tools: fc.array(toolOfRecord, { maxLength: 2 }),
        imagesToSave: fc.array(imageToSave, { maxLength: 2 }),
        container: fc.constant({ id: 'c1', name: 'job', joins: true }),
        registry: fc.constant('localhost:32768'),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ base, changes }) => ({ ...base, ...changes }))

export const anyRunRecord: Arbitrary<string> = anyDocument(runRecord)

const savedRun = fc.oneof(
  { weight: 3, arbitrary: fc.constant(run) },
  { weight: 2, arbitrary: anyRunRecord },
  { weight: 1, arbitrary: fc.constantFrom('', 'FEEDC0DE', `${run}0`, `"run":"${run}"`) },
  { weight: 2, arbitrary: damagedText(fc.constant(run)) },
  { weight: 1, arbitrary: garbage },
)

const savedDirectory = fc.oneof(
  fc.constant(`/home/runner/work/_temp/kind-flat-network-${run}`),
  fc.constantFrom('', '/', '/home/runner', '.', '..', `kind-flat-network-${run}`, `/x/kind-flat-network-${run}/..`),
  damagedText(fc.constant(`/home/runner/work/_temp/kind-flat-network-${run}`)),
  piece,
)

/** What main has saved for post: by this release, by one that saved the whole record, or by nobody knows whom. */
export const anyState = fc.record({ run: savedRun, directory: savedDirectory })

const subnetOfRun = fc.constantFrom('10.128.0.0/16', '10.192.0.0/24', 'fd00:10:128::/56', 'fd00:10:192::/112')

const reservation = fc.record(
  {
    clusters: fc.array(fc.constantFrom('east', 'west', 'cluster1'), { maxLength: 3 }),
    subnets: fc.array(subnetOfRun, { maxLength: 4 }),
    loadBalancerSubnets: fc.dictionary(fc.constantFrom('east', 'west'), fc.array(fc.constant('172.18.255.0/24'))),
    reused: fc.array(fc.constant('north'), { maxLength: 1 }),
    version: fc.constantFrom(1, 1, 1, 2),
  },
  { requiredKeys: ['clusters', 'subnets'] },
)

/** What stands on the engine, as the one knows who wrote it. */
export interface AnyVolumes {
  /** As `docker volume ls` is told to print it: of each volume its name, the label of the run, and the reservation's. */
  readonly output: string
  /** What runs of this release have reserved. */
  readonly sound: readonly { readonly clusters: readonly string[]; readonly subnets: readonly string[] }[]
  /** Volumes whose reservation nobody can read: of another version, of nobody's run, or not JSON. */
  readonly unreadable: readonly string[]
}

interface Volume {
  readonly run: string
  readonly name: string
  readonly text: string
  readonly sound?: AnyVolumes['sound'][number]
}

const owner = fc.oneof(
  { weight: 4, arbitrary: fc.stringMatching(/^[0-9a-f]{8}$/) },
  { weight: 1, arbitrary: fc.oneof(piece, fc.constant('')) },
)

/** A volume that a run has made, of this release or of a later one. */
const volumeOfRun: Arbitrary<Volume> = fc
  .record({ run: fc.stringMatching(/^[0-9a-f]{8}$/), reservation })
  .map(({ run: id, reservation: written }) => ({
    run: id,
    name: `kind-flat-network-${id}`,
    text: jsonText(written),
    ...(written.version !== 2 && { sound: written }),
  }))

const anyVolume: Arbitrary<Volume> = fc
  .record({
    run: owner,
    name: fc.oneof(
      { weight: 6, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom('kind-flat-network-lock', 'kind-flat-network-', 'data') },
    ),
    text: fc.oneof(
      { weight: 6, arbitrary: anyDocument(reservation) },
      { weight: 1, arbitrary: fc.constantFrom('', 'null', '{}', '[]', '{"version":99}', '"text"', '0') },
    ),
  })
  .map(({ run: id, name = `kind-flat-network-${id}`, text }) => ({ run: id, name, text }))

function isUnreadable({ run: id, text }: Volume): boolean {
  if (text === '') return false
  try {
    const value = JSON.parse(text) as { readonly version?: unknown } | null
    return !/^[0-9a-f]{8}$/.test(id) || ![undefined, 1].includes(value?.version as number | undefined)
  } catch {
    return true
  }
}

/** What Docker prints of all volumes, whoever made and labelled them. */
export const anyVolumes: Arbitrary<AnyVolumes> = fc
  .array(fc.oneof(volumeOfRun, anyVolume), { maxLength: 4 })
  .map((volumes) => ({
    output: volumes.map(({ name, run: id, text }) => `${jsonText([name, id, text])}\n`).join(''),
    sound: volumes.flatMap(({ sound }) => sound ?? []),
    unreadable: volumes.filter(isUnreadable).map(({ name }) => name),
  }))

const tag = fc.constantFrom('app:1', 'docker.io/library/app:latest', 'registry.example:5000/me/app:1.0', 'app')

/** `manifest.json`, as `docker image save` writes it. */
const dockerList = fc.array(
  fc.record(
    {
      Config: digest.chain((hex) => fc.constantFrom(`${hex}.json`, `blobs/sha256/${hex}`)),
      RepoTags: fc.oneof(fc.array(tag, { maxLength: 2 }), fc.constant(null)),
      Layers: fc.constant(['a.tar']),
    },
    { requiredKeys: ['Config'] },
  ),
  { minLength: 1, maxLength: 3 },
)

const annotations = fc.record(
  { 'io.containerd.image.name': tag, 'org.opencontainers.image.ref.name': fc.constant('1') },
  { requiredKeys: [] },
)

/** `index.json` of an OCI layout. */
const ociIndex = fc.record({
  schemaVersion: fc.constant(2),
  manifests: fc.array(
    fc.record(
      { digest: digest.map((hex) => `sha256:${hex}`), size: fc.nat(), mediaType: fc.constant('m'), annotations },
      { requiredKeys: ['digest'] },
    ),
    { maxLength: 3 },
  ),
})

export const anyArchiveList: Arbitrary<string> = fc.oneof(anyDocument(dockerList), anyDocument(ociIndex))

const descriptor = fc.record({ digest: digest.map((hex) => `sha256:${hex}`), size: fc.nat() })

const imageManifest = fc.record({
  mediaType: fc.constant('application/vnd.oci.image.manifest.v1+json'),
  config: descriptor,
  layers: fc.array(descriptor, { maxLength: 3 }),
})

const imageIndex = fc.record({
  manifests: fc.array(
    fc
      .tuple(descriptor, fc.constantFrom('amd64', 'arm64'))
      .map(([part, architecture]) => ({ ...part, platform: { os: 'linux', architecture } })),
    { maxLength: 3 },
  ),
})

/** What a registry answers with, of an image or of a page that is something else. */
export const anyImageDocument: Arbitrary<string> = fc.oneof(anyDocument(imageManifest), anyDocument(imageIndex))

const memberNames = [
  'manifest.json',
  'index.json',
  './manifest.json',
  'oci-layout',
  'blobs/sha256/a',
  '../manifest.json',
]

const listMember = fc.record({ name: fc.constantFrom('manifest.json', 'index.json'), content: anyArchiveList })

const oddMember: Arbitrary<Member> = fc.record(
  {
    name: fc.constantFrom(...memberNames),
    content: fc.oneof(anyArchiveList, garbage),
    type: fc.constantFrom('0', '1', '2', '5'),
    link: fc.constantFrom('/etc/passwd', 'index.json', 'manifest.json', '../..'),
    size: fc.constantFrom(0, 1, 512, 10 ** 6, 8 ** 11 - 1),
  },
  { requiredKeys: ['name', 'content'] },
)

const archive = fc
  .oneof(
    { weight: 3, arbitrary: fc.tuple(listMember) },
    { weight: 1, arbitrary: fc.array(fc.oneof(listMember, oddMember), { maxLength: 4 }) },
  )
  .map((members) => tarOf([{ name: 'oci-layout', content: jsonText({ imageLayoutVersion: '1.0.0' }) }, ...members]))

/** Archives of images that somebody has written with hostile lists, cut off, or overwritten. */
export const anyArchive: Arbitrary<Buffer> = fc.oneof(
  { weight: 6, arbitrary: archive },
  { weight: 2, arbitrary: damagedBytes(archive) },
  { weight: 1, arbitrary: garbage.map((text) => Buffer.from(text)) },
)

/** Cases that are YAML and do not contain themselves, as values. */
const corpusValues = corpus().flatMap(({ config }) => {
  try {
    return [JSON.parse(JSON.stringify(parse(config, { logLevel: 'silent' }))) as unknown]
  } catch {
    return []
  }
})

const corpusText = fc.constantFrom(...corpus().map(({ config }) => config))
const generatedText = anyKindConfig.map(({ text }) => text)

/** Kind configs as text: valid ones in all spellings, changed ones, and what is none. */
export const anyKindConfigText: Arbitrary<string> = fc.oneof(
  { weight: 2, arbitrary: generatedText },
  { weight: 3, arbitrary: damagedText(generatedText) },
  { weight: 3, arbitrary: damagedText(corpusText) },
  { weight: 3, arbitrary: withWrongValues(fc.constantFrom(...corpusValues)).map((value) => stringify(value)) },
  { weight: 1, arbitrary: garbage },
)
