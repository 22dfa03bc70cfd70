import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from './machine.js'

const digest = (digit: string): string => digit.repeat(64)
const image = (version: string, digit: string): string => `kindest/node:v${version}@sha256:${digest(digit)}`

/** As image.go of a release of kind reads. */
const defaultImage = (
  reference: string,
): string => `// Package defaults contains cross-api-version configuration defaults
package defaults

// Image is the default for the Config.Image field, aka the default node image.
const Image = "${reference}"
`

/** As kind's notes are written: lines end with CR LF, images of other releases are named as examples. */
const notes = [
  'This release moves to Kubernetes 1.97.1 by default.',
  '',
  '<h1 id="breaking-changes">Breaking Changes</h1>',
  '',
  `The default node image is now \`${image('1.97.1', 'a')}\``,
  '',
  `New node images have been built for kind \`v0.98.0\`, please use these **exact** images (IE like \`kindest/node:v1.26.3@sha256: ${digest('e')}\` including the digest)`,
  `- before this release: \`${image('1.90.0', 'e')}\``,
  '',
  'Images pre-built for this release:',
  `- v1.97.1: \`${image('1.97.1', 'a')}\``,
  ` - 1.96: \`${image('1.96.4', 'b')}\` `,
  '',
  'Additional images built for this release:',
  `* v1.98.0: \`${image('1.98.0', 'c')}\``,
  '',
  '**NOTE**: You *must* use the `@sha256` digest to guarantee an image built for this release',
].join('\r\n')

const releasesPath = '/repos/kubernetes-sigs/kind/releases'
const imagePath = (tag: string): string => `/kubernetes-sigs/kind/${tag}/pkg/apis/config/defaults/image.go`
const kindSumPath = (tag: string, architecture: string): string =>
  `/kubernetes-sigs/kind/releases/download/${tag}/kind-linux-${architecture}.sha256sum`
const kubectlSumPath = (version: string, architecture: string): string =>
  `/release/v${version}/bin/linux/${architecture}/kubectl.sha256`
const stablePath = (minor: string): string => `/release/stable-${minor}.txt`

const release = (tag: string, body: string, other: object = {}): object => ({
  tag_name: tag,
  draft: false,
  prerelease: false,
  body,
  ...other,
})

/** A release of kind that is new, among such as are none, with kubectl of its default version. */
const newKind: Record<string, string> = {
  [releasesPath]: JSON.stringify([
    release('v1.0.0', notes, { draft: true }),
    release('v0.99.0', notes, { prerelease: true }),
    release('v0.98.1-alpha', notes),
    release('v0.98.0', notes),
    release('v0.20.0', notes),
  ]),
  ...Object.fromEntries(
    ['v1.0.0', 'v0.99.0', 'v0.98.1-alpha', 'v0.98.0', 'v0.20.0'].map((tag) => [
      imagePath(tag),
      defaultImage(image('1.97.1', 'a')),
    ]),
  ),
  [kindSumPath('v0.98.0', 'amd64')]: `${digest('1')}  kind-linux-amd64\n`,
  [kindSumPath('v0.98.0', 'arm64')]: `${digest('2')}  kind-linux-arm64\n`,
  [kubectlSumPath('1.97.1', 'amd64')]: digest('3'),
  [kubectlSumPath('1.97.1', 'arm64')]: digest('4'),
}

/** What is known before: seen elsewhere, not at the release itself. */
const committed = `// Written by scripts/update-releases.js. No checksum or digest is here that was not seen in the source beside it.
import type { KnownReleases } from './releases.js'

export const knownReleases = {
  kind: [
    {
      version: '0.91.0',
      sha256: {
        amd64: '${digest('6')}',
        arm64: '${digest('7')}',
        seenIn: 'someone/tools@0123abcd checksums.txt',
      },
      nodeImage: '${image('1.91.1', '8')}',
      nodeImages: {
        '1.91.1': '${image('1.91.1', '8')}',
        '1.90.5': '${image('1.90.5', '9')}',
      },
      nodeImagesSeenIn: 'someone/images@0123abcd images.go',
    },
  ],
  kubectl: [
    {
      version: '1.91.1',
      sha256: {
        amd64: '${digest('d')}',
        seenIn: 'someone/tools@0123abcd checksums.txt',
      },
    },
  ],
  metallb: {
    version: '0.16.2',
    manifest: 'config/manifests/metallb-native.yaml',
    sha256: '${digest('f')}',
    seenIn: 'someone/tools@0123abcd checksums.txt',
  },
} as const satisfies KnownReleases
`

let directory: string
let file: string
let server: Server
let asked: IncomingMessage[]
/** What the server has; everything else is not there. A number is the status of an answer without content. */
let served: Record<string, string | number>

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'update-releases-'))
  file = join(directory, 'known-releases.ts')
  writeFileSync(file, committed)
  cpSync(join(projectRoot, '.prettierrc.json'), join(directory, '.prettierrc.json'))
  asked = []
  served = {}
  server = createServer((request, response) => {
    asked.push(request)
    const answer = served[new URL(request.url ?? '', 'http://server').pathname] ?? 404
    if (typeof answer === 'number') response.writeHead(answer).end()
    else response.end(answer)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
})

afterEach(async () => {
  await new Promise((closed) => server.close(closed))
  rmSync(directory, { recursive: true })
})

const content = (): string => readFileSync(file, 'utf8')
const paths = (): string[] => asked.map(({ url }) => new URL(url ?? '', 'http://server').pathname)

async function update(): Promise<{ code: number; stdout: string; stderr: string }> {
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const env = {
    PATH: process.env.PATH,
    GITHUB_API_BASE: base,
    GITHUB_BASE: base,
    GITHUB_RAW_BASE: base,
    KUBERNETES_BASE: base,
    GITHUB_TOKEN: 'a-token',
  }
  asked = []
  return new Promise((ended) => {
    const command = [join(projectRoot, 'scripts/update-releases.js'), file]
    execFile(process.execPath, command, { env, timeout: 60_000 }, (error, stdout, stderr) => {
      ended({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    })
  })
}

describe('scripts/update-releases.js', () => {
  test.each<[string, () => void]>([
    [
      'the committed file',
      () => {
        cpSync(join(projectRoot, 'src/plan/known-releases.ts'), file)
      },
    ],
    [
      'a file',
      () => {
        writeFileSync(file, committed)
      },
    ],
  ])('nothing is there: %s stays as it is, byte by byte', async (_, put) => {
    put()
    const before = content()
    expect(await update()).toEqual({ code: 0, stdout: 'nothing new\n', stderr: '' })
    expect(content()).toBe(before)
    expect(paths()).toContain(releasesPath)
  })

  test('kubectl: the newest patch of each minor is asked for, one minor further than known', async () => {
    await update()
    expect(paths().filter((path) => path.includes('stable'))).toEqual([stablePath('1.91'), stablePath('1.92')])
  })

  test('a new release: its images, checksums and sources; a second run changes nothing and asks for no sum again', async () => {
    served = newKind
    expect(await update()).toEqual({ code: 0, stdout: 'kind 0.98.0 new\nkubectl 1.97.1 new\n', stderr: '' })
    const after = content()
    expect(after).toContain(`  kind: [
    {
      version: '0.98.0',
      sha256: {
        amd64: '${digest('1')}',
        arm64: '${digest('2')}',
        seenIn: 'kubernetes-sigs/kind v0.98.0 kind-linux-*.sha256sum',
      },
      nodeImage: '${image('1.97.1', 'a')}',
      nodeImages: {
        '1.98.0': '${image('1.98.0', 'c')}',
        '1.97.1': '${image('1.97.1', 'a')}',
        '1.96.4': '${image('1.96.4', 'b')}',
      },
      nodeImagesSeenIn: 'kubernetes-sigs/kind v0.98.0 release notes and pkg/apis/config/defaults/image.go',
    },
    {
      version: '0.91.0',`)
    expect(after).toContain(`  kubectl: [
    {
      version: '1.97.1',
      sha256: {
        amd64: '${digest('3')}',
        arm64: '${digest('4')}',
        seenIn: 'dl.k8s.io v1.97.1 kubectl.sha256',
      },
    },`)

    expect(await update()).toEqual({ code: 0, stdout: 'nothing new\n', stderr: '' })
    expect(content()).toBe(after)
    expect(paths().filter((path) => /v(0\.98\.0|1\.97\.1)\/.*sha256/.test(path))).toEqual([])
  })

  test('the token goes to the API alone', async () => {
    served = newKind
    await update()
    expect(asked.length).toBeGreaterThan(5)
    for (const { url, headers } of asked) {
      expect([url, headers.authorization]).toEqual([url, url?.startsWith('/repos/') ? 'Bearer a-token' : undefined])
    }
  })

  test('a new patch of kubectl with one checksum only: that one', async () => {
    served = { [stablePath('1.92')]: 'v1.92.7', [kubectlSumPath('1.92.7', 'arm64')]: digest('5') }
    expect((await update()).stdout).toBe('kubectl 1.92.7 new\n')
    expect(content()).toContain(`  kubectl: [
    {
      version: '1.92.7',
      sha256: {
        arm64: '${digest('5')}',
        seenIn: 'dl.k8s.io v1.92.7 kubectl.sha256',
      },
    },
    {
      version: '1.91.1',`)
  })

  test('a version without any checksum is not taken', async () => {
    served = { [stablePath('1.92')]: 'v1.92.7' }
    expect((await update()).stdout).toBe('nothing new\n')
    expect(content()).toBe(committed)
  })

  test('what was seen elsewhere is seen at the release itself: the same values, the source of now', async () => {
    served = {
      [releasesPath]: JSON.stringify([release('v0.91.0', `- v1.91.1: \`${image('1.91.1', '8')}\``)]),
      [kindSumPath('v0.91.0', 'amd64')]: `${digest('6')}  kind-linux-amd64\n`,
      [kindSumPath('v0.91.0', 'arm64')]: `${digest('7')}  kind-linux-arm64\n`,
      [kubectlSumPath('1.91.1', 'arm64')]: digest('e'),
    }
    expect((await update()).stdout).toBe('kind 0.91.0 renewed\nkubectl 1.91.1 renewed\n')
    const after = content()
    expect(after).toContain(`        arm64: '${digest('7')}',
        seenIn: 'kubernetes-sigs/kind v0.91.0 kind-linux-*.sha256sum',`)
    // what is not in the notes keeps the source that it had
    expect(after).toContain(`        '1.90.5': '${image('1.90.5', '9')}',
      },
      nodeImagesSeenIn:
        'someone/images@0123abcd images.go, kubernetes-sigs/kind v0.91.0 release notes and pkg/apis/config/defaults/image.go',`)
    expect(after).toContain(`        amd64: '${digest('d')}',
        arm64: '${digest('e')}',
        seenIn: 'someone/tools@0123abcd checksums.txt, dl.k8s.io v1.91.1 kubectl.sha256',`)
    expect((await update()).stdout).toBe('nothing new\n')
    expect(content()).toBe(after)
  })

  const listing = (body: string, tag = 'v0.98.0'): Record<string, string> => ({
    ...newKind,
    [releasesPath]: JSON.stringify([release(tag, body)]),
  })

  test.each<[string, Record<string, string | number>, RegExp]>([
    [
      'a checksum that is too short',
      { ...newKind, [kindSumPath('v0.98.0', 'arm64')]: digest('2').slice(1) },
      /arm64\.sha256sum: is no SHA-256/,
    ],
    [
      'a checksum in other letters',
      { ...newKind, [kubectlSumPath('1.97.1', 'amd64')]: digest('A') },
      /amd64\/kubectl\.sha256: is no SHA-256/,
    ],
    [
      'a page instead of a checksum',
      { ...newKind, [kubectlSumPath('1.97.1', 'amd64')]: '<html>sign in</html>' },
      /is no SHA-256/,
    ],
    [
      'a checksum of another file',
      { ...newKind, [kindSumPath('v0.98.0', 'amd64')]: `${digest('1')}  kind-darwin-amd64\n` },
      /is of kind-darwin-amd64, not of kind-linux-amd64/,
    ],
    [
      'a checksum that is another one now',
      { [kubectlSumPath('1.91.1', 'amd64')]: digest('9') },
      /v1\.91\.1.*has 9{64} for amd64, known was d{64}/,
    ],
    [
      'a listed digest that is too short',
      listing('- v1.97.1: `kindest/node:v1.97.1@sha256:abc`'),
      /kindest\/node:v1\.97\.1@sha256:abc is no node image with its digest/,
    ],
    [
      'a listed image without a digest',
      listing('- v1.97.1: `kindest/node:v1.97.1`'),
      /is no node image with its digest/,
    ],
    [
      'an image that is listed as another',
      listing(`- v1.96.1: \`${image('1.97.1', 'a')}\``),
      /lists kindest.* as 1\.96\.1/,
    ],
    [
      'two digests for one version',
      listing(`- v1.97.1: \`${image('1.97.1', 'b')}\``),
      /has .* for 1\.97\.1, known was/,
    ],
    [
      'a default image that is another one now',
      { ...listing('', 'v0.91.0'), [imagePath('v0.91.0')]: defaultImage(image('1.1.1', 'a')) },
      /for nodeImage, known was kindest/,
    ],
    [
      'no default image in its source',
      { ...newKind, [imagePath('v0.98.0')]: 'package defaults\n' },
      /has no default image/,
    ],
    ['an answer that is no JSON', { [releasesPath]: '<html>' }, /is no JSON/],
    ['an answer that is no list', { [releasesPath]: '{"message":"rate limit"}' }, /is no list of releases/],
    ['a release without a tag', { [releasesPath]: '[{}]' }, /has a release without a tag/],
    ['a stable version that is none', { [stablePath('1.92')]: 'latest' }, /stable-1\.92\.txt: is no version/],
    ['a stable version of another minor', { [stablePath('1.92')]: 'v1.93.0' }, /stable-1\.92\.txt: has 1\.93\.0/],
    ['a server that fails', { ...newKind, [kubectlSumPath('1.97.1', 'arm64')]: 503 }, /kubectl\.sha256: answered 503/],
    ['a refused request', { [releasesPath]: 403 }, /releases\?per_page=30: answered 403/],
  ])('%s: said, and nothing is written', async (_, answers, said) => {
    served = answers
    const before = content()
    const { code, stdout, stderr } = await update()
    expect(stderr).toMatch(said)
    expect(stderr).toContain(`${file} is left as it was: http://127.0.0.1`.slice(0, file.length + 20))
    expect([code, stdout]).toEqual([1, ''])
    expect(content()).toBe(before)
  })

  test('no server: said by its address, and nothing is written', async () => {
    const before = content()
    const run = update()
    server.closeAllConnections()
    server.close()
    const { code, stderr } = await run
    expect([code, stderr]).toEqual([1, expect.stringMatching(/releases\?per_page=30: .*ECONNREFUSED/)])
    expect(content()).toBe(before)
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  })
})
