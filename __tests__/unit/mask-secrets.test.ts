import { describe, expect, test } from '@jest/globals'
import { maskSecrets, maskSecretsIn, secretsIn } from '../../src/mask-secrets.js'

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

test('a long text does not hang the search', () => {
  const parts = ['a:', ';a:', 'https://', 'https://a:', '@', ':@', 'a?']
  for (const part of parts) expect(maskSecrets(part.repeat(50_000))).not.toBe('')
}, 120_000)

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
  ['3', []],
])('what must not be seen of %j', (text, secrets) => {
  expect(secretsIn(text)).toEqual(secrets)
})
