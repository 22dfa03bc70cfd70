import { describe, expect, test } from '@jest/globals'
import { maskAddress, maskSecrets, maskSecretsIn, secretsIn, secretsInInputs } from '../../src/mask-secrets.js'

test.each([
  ['https://user:s3cret@host/path', 'https://***@host/path'],
  ['https://user:s3cret@host:8443', 'https://***@host:8443'],
  ['https://s3cret@host/path', 'https://***@host/path'],
  ['https://user:s3@cret@host/x', 'https://***@host/x'],
  ['https://user:s3%40cret@[::1]:5000/x', 'https://***@[::1]:5000/x'],
  ['HTTPS://u:s3cret@HOST/', 'HTTPS://***@HOST/'],
  ['ssh://me:s3cret@host', 'ssh://***@host'],
  ['https://host/x?token=s3cret', 'https://host/x?***'],
  ['https://host/x?a=b&sig=s3cret#top', 'https://host/x?***#top'],
  ['https://u:s3cret@host?token=s3cret', 'https://***@host?***'],
  ['"https://u:s3cret@host/x?k=s3cret" is not', '"https://***@host/x?***" is not'],
  ["fetch 'https://host/x?k=s3cret', then", "fetch 'https://host/x?***', then"],
  ['(seen in https://u:s3cret@host/x?k=s3cret) (tried', '(seen in https://***@host/x?***) (tried'],
  ['a https://u:s3cret@one/ and https://v:s3cret@two/?k=s3cret.', 'a https://***@one/ and https://***@two/?***.'],
  ['first\nhttps://u:s3cret@host/\nlast', 'first\nhttps://***@host/\nlast'],
  ['user:s3cret@mirror.example.com/hub', '***@mirror.example.com/hub'],
  ['"user:s3/cret@host/x" is no registry', '"***@host/x" is no registry'],
  ['see me@corp.com:s3cret@ghcr.io/x', 'see ***@ghcr.io/x'],
  ['image:a,me:s3cret@ghcr.io/x@sha256:ab', '***@ghcr.io/x@sha256:ab'],
  ['1https://host/x?token=s3cret', '1https://host/x?***'],
  [`${'a'.repeat(100)}://u:s3cret@host/?k=s3cret`, `${'a'.repeat(100)}://***@host/?***`],
])('%j is shown as %j', (text, shown) => {
  expect(maskSecrets(text)).toBe(shown)
  expect(maskSecrets(shown)).toBe(shown)
})

describe('a password that an address cannot hold', () => {
  test.each(['s3/cret', 's3?cret', 's3#cret', 's3 cret', 's3"cret', 's3 "c@ret', 's3<cret', '1?s3cret', '1#s3cret'])(
    'is masked all the same: %s',
    (password) => {
      expect(maskSecrets(`https://user:${password}@host/path is no address`)).toBe(
        'https://***@host/path is no address',
      )
    },
  )
})

test.each([
  'https://host/path',
  'https://host:8443/path@v1',
  'http://localhost:5000/v2/app/manifests/sha256:abc',
  'is it https://host/path?',
  'tcp://10.0.0.1:2375',
  'https://kind.sigs.k8s.io/docs/user/known-issues/#pod-errors',
  `kindest/node:v1.34.0@sha256:${'a'.repeat(64)}`,
  `localhost:5000/kindest/node:v1.34.0@sha256:${'a'.repeat(64)}`,
  'system:node:east at me@example.com',
  '/tmp/a:b@c/kubeconfig',
  'give one such as https://<host>/ for me@example.com',
  '2026-01-01T10:00:00 kubeadm@1: no',
])('%j has no secret', (text) => {
  expect(maskSecrets(text)).toBe(text)
})

describe('a long text is searched once', () => {
  const letters = ['a', 'a.', 'a-', '1', ':', '@', '?', ')', ';', '/', ' ', '"', '<']
  const words = ['a:', ';a:', ';/', ':@', 'a?', '://', 'a://', 'https://', 'https://a:', 'https://a: ', 'https://a:@ ']
  const ends = ['', 'https://host/?)', '@', ': a', '@sha256:@sha256:']

  /** Milliseconds, where a search for each letter takes minutes. */
  function expectSoon(search: () => unknown): void {
    const started = performance.now()
    search()
    expect(performance.now() - started).toBeLessThan(5000)
  }

  test.each([...letters, ...words])('of %j', (part) => {
    const long = part.repeat(1_000_000 / part.length)
    for (const end of ends) {
      expectSoon(() => maskSecrets(long + end))
      expectSoon(() => maskSecrets(`https://h/?${long}${end}`))
    }
    expectSoon(() => maskAddress(long))
    expectSoon(() => secretsInInputs({ wait: long, images: long, 'download-mirror': long }))
  })
})

test('every text of a value is masked, and nothing else is changed', () => {
  const value = { url: 'https://u:s3cret@host/', list: [1, null, true, 'https://host/?k=s3cret'], none: undefined }
  expect(maskSecretsIn(value)).toEqual({
    url: 'https://***@host/',
    list: [1, null, true, 'https://host/?***'],
    none: undefined,
  })
  expect(value.url).toContain('s3cret')
})

test.each([
  ['https://user:s3%40cret@host/x\nhttp://other:pass@host', ['s3%40cret', 's3@cret', 'pass']],
  ['https://t0ken@host/x', ['t0ken']],
  ['https://t0ken:@host/x', ['t0ken']],
  ['https://user:100%@host/x', ['100%']],
  ['ssh://git@host/x', []],
  ['https://host/x@v1', []],
  ['user:s3cret@mirror.example.com and me@corp.com:pass@ghcr.io', ['s3cret', 'pass']],
  ['kindest/node:v1.34.0@sha256:ab', []],
  ['3', []],
])('what must not be seen of %j', (text, secrets) => {
  expect(secretsIn(text)).toEqual(secrets)
})

describe('a value that is an address', () => {
  test.each([
    ['mirror.example/x?token=s3cret', 'mirror.example/x?***', ['token=s3cret', 's3cret']],
    ['https://mirror.example/#s3cret', 'https://mirror.example/#***', ['s3cret']],
    ['https://h/?a=b c&token=s3cret', 'https://h/?***', ['a=b c&token=s3cret', 's3cret']],
    ['https://h/?a="`<s3cret', 'https://h/?***', ['a="`<s3cret', '"`<s3cret']],
    ['https://user:s3%40cret@h/x', 'https://***@h/x', ['s3%40cret', 's3@cret']],
    ['https://user:s3/cret@h/x?k=s3cret', 'https://***@h/x?***', ['s3/cret', 'k=s3cret', 's3cret']],
    ['https://user:s3?cret@h/x', 'https://***', ['s3?cret', 'cret@h/x']],
    ['https://h/?mail=me@h&token=s3cret', 'https://***', ['mail=me@h&token=s3cret', 'me@h', 's3cret']],
    ['s3crettoken@ghcr.io', '***@ghcr.io', ['s3crettoken']],
    ['//user:s3cret@ghcr.io', '***@ghcr.io', ['s3cret']],
    ['http:/user:s3cret@ghcr.io', '***@ghcr.io', ['/user:s3cret', 's3cret']],
    ['me@corp.com:s3cret@ghcr.io/kindest/node:v1.34.0', '***@ghcr.io/kindest/node:v1.34.0', ['s3cret']],
    ['me:s3cret@ghcr.io/x@sha256:ab', '***@ghcr.io/x@sha256:ab', ['s3cret']],
    ['me:s3\ncret@ghcr.io', '***@ghcr.io', ['s3\ncret']],
  ])('%j is shown as %j, and the runner hides %j', (text, shown, secrets) => {
    expect(maskAddress(text)).toBe(shown)
    expect(maskAddress(shown)).toBe(shown)
    expect(secretsInInputs({ 'download-mirror': text })).toEqual(secrets)
  })

  test.each([
    'https://mirror.example/tools',
    'localhost:5000/hub',
    'kindest/node:v1.34.0',
    `localhost:5000/kindest/node:v1.34.0@sha256:${'a'.repeat(64)}`,
    'a@sha512:00',
    './a@2/app?.tar',
    '/home/me@2/app#1.tar',
    'https://h/?',
  ])('%j has no secret', (text) => {
    expect(maskAddress(text)).toBe(text)
    expect(secretsInInputs({ images: text })).toEqual([])
  })

  test('is known by the name of the input, and each line is one', () => {
    expect(secretsInInputs({ images: 'a?k=s3cret\n  other@ghcr.io  ', wait: 'a?k=s3cret', cache: undefined })).toEqual([
      'k=s3cret',
      's3cret',
      'other',
    ])
    expect(secretsInInputs({ 'download-mirror': 'https://h/x@v1', 'registry-mirror': 'git@h?a=b' })).toEqual([])
  })
})
