import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { gt, satisfies } from 'semver'
import { InputError } from '../../../src/errors.js'
import { Problems } from '../../../src/model/problems.js'
import {
  chooseTools,
  parseSha256File,
  plannedTool,
  type KnownRelease,
  type PlannedTool,
  type ToolFacts,
} from '../../../src/plan/tools.js'

const sum = (digit: string) => digit.repeat(64)
const releases = {
  kind: [
    { version: '0.33.0', sha256: { amd64: sum('a'), seenIn: 'somewhere/public kind.yml' } },
    { version: '0.9.0', sha256: {} },
    { version: '0.32.0', sha256: { amd64: sum('b'), arm64: sum('c'), seenIn: 'somewhere/public kind.yml' } },
  ],
  kubectl: [
    { version: '1.34.4', sha256: { amd64: sum('d'), arm64: sum('e'), seenIn: 'elsewhere/public sums.yml' } },
    { version: '1.33.8', sha256: {} },
  ],
} as const satisfies Record<string, readonly KnownRelease[]>

type Asked = Partial<Parameters<typeof chooseTools>[0]>
const bare: ToolFacts = { platform: 'linux/x64' }

function choose(asked: Asked, facts: ToolFacts = bare): PlannedTool[] {
  const problems = new Problems()
  const chosen = chooseTools({ kind: {}, kubectl: {}, ...asked }, facts, releases, problems)
  problems.throwIfAny()
  return chosen
}
const kind = (asked: Asked, facts?: ToolFacts) => choose(asked, facts)[0]
const kubectl = (asked: Asked, facts?: ToolFacts) => choose(asked, facts)[1]

describe('on the PATH', () => {
  const facts = { platform: 'linux/x64', kind: '0.31.0', kubectl: '1.35.0-alpha.1' }

  test('any will do where no version is asked for', () => {
    expect(choose({}, facts)).toEqual([
      { name: 'kind', version: '0.31.0', from: 'path' },
      { name: 'kubectl', version: '1.35.0-alpha.1', from: 'path' },
    ])
  })

  test.each(['0.31', '0.31.0', 'v0.31.0', '>=0.30 <0.34', '*'])('a version that fits %s is used', (version) => {
    expect(kind({ kind: { version } }, facts)).toEqual({ name: 'kind', version: '0.31.0', from: 'path' })
  })

  test('a pre-release fits a range that holds it', () => {
    expect(kubectl({ kubectl: { version: '1.35' } }, facts)).toMatchObject({ version: '1.35.0-alpha.1', from: 'path' })
    expect(kubectl({ kubectl: { version: '<1.35' } }, facts)).toMatchObject({ version: '1.34.4', from: 'download' })
  })

  test('one of no version fits only where none is asked for', () => {
    const own = { ...facts, kind: 'my own' }
    expect(kind({}, own)).toEqual({ name: 'kind', version: 'my own', from: 'path' })
    expect(kind({ kind: { version: '0.33' } }, own)).toMatchObject({ version: '0.33.0', from: 'download' })
  })

  test('nothing else is asked of the platform', () => {
    expect(kind({}, { ...facts, platform: 'darwin/arm64' })).toMatchObject({ from: 'path' })
  })
})

describe('downloaded', () => {
  test('is the newest known, from where it is published, with the SHA-256 known here', () => {
    expect(choose({})).toEqual([
      {
        name: 'kind',
        version: '0.33.0',
        from: 'download',
        url: 'https://github.com/kubernetes-sigs/kind/releases/download/v0.33.0/kind-linux-amd64',
        check: { sha256: sum('a'), seenIn: 'somewhere/public kind.yml' },
      },
      {
        name: 'kubectl',
        version: '1.34.4',
        from: 'download',
        url: 'https://dl.k8s.io/release/v1.34.4/bin/linux/amd64/kubectl',
        check: { sha256: sum('d'), seenIn: 'elsewhere/public sums.yml' },
      },
    ])
  })

  test('is for the processor of the machine, checked by its own checksum file where none is known here', () => {
    expect(choose({}, { platform: 'linux/arm64' })).toMatchObject([
      {
        url: 'https://github.com/kubernetes-sigs/kind/releases/download/v0.33.0/kind-linux-arm64',
        check: {
          sha256File: 'https://github.com/kubernetes-sigs/kind/releases/download/v0.33.0/kind-linux-arm64.sha256sum',
        },
      },
      { url: 'https://dl.k8s.io/release/v1.34.4/bin/linux/arm64/kubectl', check: { sha256: sum('e') } },
    ])
    expect(kubectl({ kubectl: { version: '1.33' } })).toMatchObject({
      check: { sha256File: 'https://dl.k8s.io/release/v1.33.8/bin/linux/amd64/kubectl.sha256' },
    })
  })

  test('comes from the mirror, under the same paths', () => {
    const downloadMirror = 'https://mirror.example.com/tools'
    expect(choose({ downloadMirror, kubectl: { version: '1.33' } })).toMatchObject([
      { url: `${downloadMirror}/kubernetes-sigs/kind/releases/download/v0.33.0/kind-linux-amd64` },
      {
        url: `${downloadMirror}/release/v1.33.8/bin/linux/amd64/kubectl`,
        check: { sha256File: `${downloadMirror}/release/v1.33.8/bin/linux/amd64/kubectl.sha256` },
      },
    ])
  })

  test('is used where the one on the PATH does not fit', () => {
    expect(kind({ kind: { version: '>=0.32' } }, { ...bare, kind: '0.31.0' })).toMatchObject({
      version: '0.33.0',
      from: 'download',
    })
  })

  test('may be exactly a version that is not known here', () => {
    expect(kind({ kind: { version: 'v0.40.1' } })).toMatchObject({
      version: '0.40.1',
      check: {
        sha256File: 'https://github.com/kubernetes-sigs/kind/releases/download/v0.40.1/kind-linux-amd64.sha256sum',
      },
    })
  })

  test("has the user's SHA-256 where there is one", () => {
    expect(kind({ kind: { version: '0.33.0', sha256: sum('f') } })).toMatchObject({
      check: { sha256: sum('f'), seenIn: 'the input kind-sha256' },
    })
  })
})

describe('refused', () => {
  const refusals = (asked: Asked, facts?: ToolFacts) => {
    try {
      choose(asked, facts)
    } catch (error) {
      return (error as InputError).message.split('\n')
    }
    return []
  }

  test('are ranges that nothing known fits, with what is known', () => {
    expect(
      refusals({ kind: { version: '~0.31' }, kubectl: { version: '>=2' } }, { platform: 'linux/x64', kind: '0.30.0' }),
    ).toEqual([
      'kind-version: "~0.31" fits none of the releases known here (0.33.0, 0.9.0, 0.32.0), and the one on the PATH is ' +
        '0.30.0; give one of them, the exact version of another, or put one that fits on the PATH',
      'kubectl-version: ">=2" fits none of the releases known here (1.34.4, 1.33.8), and there is no kubectl on the ' +
        'PATH that runs; give one of them, the exact version of another, or put one that fits on the PATH',
    ])
  })

  test.each(['darwin/arm64', 'linux/arm', 'win32/x64', 'constructor'])('is a download for %s', (platform) => {
    expect(refusals({}, { platform, kubectl: '1.34.4' })).toEqual([
      'kind-version: cannot be had: there is no kind on the PATH that runs, and kind is downloaded for linux/x64 and ' +
        `linux/arm64 alone, not for ${platform}; put one that fits on the PATH`,
    ])
  })

  test('is a mirror without TLS for what nobody knows the SHA-256 of', () => {
    const downloadMirror = 'http://mirror.example.com'
    expect(refusals({ downloadMirror, kubectl: { version: '1.33' } })).toEqual([
      'download-mirror: "http://mirror.example.com" cannot be trusted with it: no SHA-256 of kubectl 1.33.8 for amd64 ' +
        'is known here, and a checksum file without TLS proves nothing; give kubectl-sha256 with kubectl-version ' +
        '1.33.8, or a mirror with https',
    ])
    const given = { version: '1.33.8', sha256: sum('1') }
    expect(kubectl({ downloadMirror, kubectl: given })).toMatchObject({ check: { sha256: sum('1') } })
  })
})

test('whatever is asked for: the PATH where it fits, else the newest that fits, and never without a proof', () => {
  const version = fc.tuple(fc.nat(2), fc.nat(3), fc.nat(3)).map((parts) => parts.join('.'))
  const range = fc.oneof(
    version,
    version.map((text) => `>=${text}`),
    version.map((text) => `<${text}`),
    fc.tuple(version, version).map((pair) => pair.join(' || ')),
    version.map((text) => text.replace(/\.\d+$/, '')),
  )
  const release = fc.record({
    version,
    sha256: fc.oneof(fc.constant({}), fc.constant({ amd64: sum('0'), seenIn: 'somewhere' })),
  })
  const known = fc.uniqueArray(release, { selector: (each) => each.version, maxLength: 8 })
  const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
  const mirrors = fc.constantFrom(undefined, 'http://mirror', 'https://mirror')
  fc.assert(
    fc.property(maybe(range), maybe(version), known, mirrors, (asked, onPath, list, downloadMirror) => {
      const problems = new Problems()
      const [tool] = chooseTools(
        { kind: asked === undefined ? {} : { version: asked }, kubectl: {}, ...(downloadMirror && { downloadMirror }) },
        { platform: 'linux/x64', kubectl: '1.0.0', ...(onPath !== undefined && { kind: onPath }) },
        { kind: list, kubectl: [] },
        problems,
      )
      const fits = (each: string) => asked === undefined || satisfies(each, asked)
      if (tool?.name !== 'kind') {
        expect(onPath !== undefined && fits(onPath)).toBe(false)
        expect(problems.found).toHaveLength(1)
        return
      }
      expect(problems.found).toEqual([])
      expect(fits(tool.version)).toBe(true)
      expect(tool.from === 'path').toBe(onPath !== undefined && fits(onPath))
      if (tool.from === 'path') return
      expect(list.filter((each) => fits(each.version) && gt(each.version, tool.version))).toEqual([])
      expect('sha256' in tool.check || tool.check.sha256File.startsWith('https://')).toBe(true)
    }),
  )
})

test.each([
  ['the digits alone', sum('a'), sum('a')],
  ['a line of the digits', `${sum('A')}\n`, sum('a')],
  ["sha256sum's line", `${sum('b')}  kind-linux-amd64\n`, sum('b')],
  ["sha256sum's line for a binary", `${sum('b')} *kind-linux-amd64\n`, sum('b')],
  ['a page', '<html>please log in</html>', undefined],
  ['nothing', '', undefined],
  ['too few digits', 'a'.repeat(63), undefined],
  ['too many digits', 'a'.repeat(65), undefined],
  ['two sums', `${sum('a')}  one\n${sum('b')}  two\n`, undefined],
])('a checksum file with %s', (_, text, expected) => {
  expect(parseSha256File(text)).toBe(expected)
})

test('what is chosen is read again as it was written down', () => {
  const chosen = choose({ kubectl: { version: '1.33' } })
  const onPath = choose({}, { platform: 'linux/x64', kind: '0.31.0', kubectl: 'our own' })
  for (const tool of [...chosen, ...onPath]) {
    expect(plannedTool.parse(JSON.parse(JSON.stringify(tool)))).toEqual(tool)
  }
})
