import { beforeAll, describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { CacheService } from '../fakes/cache-service.js'
import { LoopbackServer, whole } from '../fakes/loopback-server.js'
import { fileCommands, jsonLines, messages, onMachine, resultOf, runnerFiles, type Machine } from './machine.js'
import { actionNode, installMilliseconds } from './nodes.js'

const testMilliseconds = 90_000

const digestOf = (content: string | Buffer) => `sha256:${createHash('sha256').update(content).digest('hex')}`
const part = (content: string | Buffer) => ({ digest: digestOf(content), size: content.length })

/** A registry on loopback with one node image. */
async function registryOf(config: string): Promise<{ server: LoopbackServer; image: string }> {
  const layer = Buffer.alloc(300_000, 'layer')
  const manifest = JSON.stringify({ config: part(config), layers: [part(layer)] })
  const server = await LoopbackServer.start()
  for (const tag of ['1', digestOf(manifest)]) server.on(`/v2/mine/node/manifests/${tag}`, whole(manifest))
  for (const blob of [config, layer]) server.on(`/v2/mine/node/blobs/${digestOf(blob)}`, whole(blob))
  return { server, image: `${new URL(server.address).host}/mine/node:1` }
}

const output = (machine: Machine, name: string) => fileCommands(machine.read(runnerFiles.GITHUB_OUTPUT)).get(name)

describe.each([actionNode])('images, on $name', ({ program }) => {
  let node: string
  beforeAll(() => {
    node = program()
  }, installMilliseconds)

  test(
    'of nodes are pulled once, saved by post, and come out of the cache when the engine has lost them',
    () =>
      onMachine(node, async (machine) => {
        const cache = await CacheService.start()
        const { server, image } = await registryOf('{"architecture":"amd64"}')
        try {
          const inputs = { clusters: '[alpha, beta]', wait: '30s', 'node-image': image, cache: 'true' }
          // archives are made by the system's tar
          const env = { ACTIONS_CACHE_URL: cache.url, PATH: `${machine.path('bin')}:/usr/bin:/bin` }
          const noted = machine.path('runs-of-tar')
          const tar = ['#!/bin/bash', `echo "$KIND_FLAT_NETWORK_RUN" >> ${noted}`, 'PATH=/usr/bin:/bin exec tar "$@"']
          writeFileSync(machine.path('bin/tar'), `${tar.join('\n')}\n`, { mode: 0o755 })
          const runsOfTar = () => new Set(machine.read('runs-of-tar').split('\n').filter(Boolean))
          const layers = () => server.requests.filter(({ path }) => path.includes('/blobs/')).length
          const before = machine.engine()
          for (const [hit, asked] of [
            ['false', 2],
            ['true', 2],
          ] as const) {
            writeFileSync(noted, '')
            const main = await machine.main(inputs, env)
            expect({ code: main.code, errors: messages('error', main) }).toEqual({ code: 0, errors: [] })
            expect([output(machine, 'cache-hit'), layers()]).toEqual([hit, asked])
            // post ends what bears the run, also what a library started
            expect([...runsOfTar()]).toEqual(hit === 'true' ? [machine.saved()?.run] : [])
            const post = await machine.post(env)
            expect({ code: post.code, warnings: messages('warning', post) }).toEqual({ code: 0, warnings: [] })
            expect(cache.entries).toEqual([expect.objectContaining({ committed: true })])
            expect(machine.engine()).toEqual(before)
            machine.removeImages(/^kind-flat-network\/node:/)
          }
          expect(machine.read(runnerFiles.GITHUB_STEP_SUMMARY)).toMatch(
            /\| Node image \| Saved in the cache \|[^]* in /,
          )
        } finally {
          await server.close()
          await cache.close()
        }
      }),
    testMilliseconds,
  )

  test(
    'of nodes that post cannot save are a warning, and clusters are removed all the same',
    () =>
      onMachine(node, async (machine) => {
        const cache = await CacheService.start()
        const { server, image } = await registryOf('{}')
        try {
          const before = machine.engine()
          const env = { ACTIONS_CACHE_URL: cache.url, PATH: `${machine.path('bin')}:/usr/bin:/bin` }
          const main = await machine.main({ clusters: '1', wait: '30s', 'node-image': image, cache: 'true' }, env)
          expect(main.code).toBe(0)
          cache.fault = (_, response) => {
            response.writeHead(500).end()
            return true
          }
          const post = await machine.post(env)
          expect(post.code).toBe(0)
          expect(messages('warning', post)).toContainEqual(expect.stringMatching(/not saved in the cache: /))
          expect(machine.engine()).toEqual(before)
          const staged = machine.path('.cache/kind-flat-network/images')
          expect(existsSync(staged) ? readdirSync(staged) : []).toEqual([])
        } finally {
          await server.close()
          await cache.close()
        }
      }),
    testMilliseconds,
  )

  test(
    'and a registry are on every node, and post removes the registry with the clusters',
    () =>
      onMachine(node, async (machine) => {
        machine.addImage('app:1')
        const before = machine.engine()
        const inputs = { clusters: '[alpha, beta]', wait: '30s', images: 'app:1', registry: 'true' }
        const main = await machine.main(inputs)
        expect({ code: main.code, errors: messages('error', main) }).toEqual({ code: 0, errors: [] })
        expect(output(machine, 'registry')).toBe('localhost:49153')
        for (const name of ['alpha-control-plane', 'beta-control-plane']) {
          expect(JSON.parse(machine.read(`engine/loaded/${name}.json`))).toMatchObject({
            has: ['docker.io/library/app:1'],
          })
        }
        const { run = '' } = machine.saved() ?? {}
        expect(machine.engine().containers.map(({ name }) => name)).toContain(`kind-flat-network-${run}-registry`)
        expect((await machine.post()).code).toBe(0)
        expect(machine.engine()).toEqual(before)
      }),
    testMilliseconds,
  )

  test(
    'that nobody has are told before anything is made',
    () =>
      onMachine(node, async (machine) => {
        const main = await machine.main({ images: 'ap:1' })
        expect(main.code).toBe(1)
        expect(messages('error', main)).toEqual([
          expect.stringMatching(/^images: "ap:1" is neither a file nor an image/),
        ])
        expect(machine.changes()).toEqual([])
      }),
    testMilliseconds,
  )

  test(
    'and tools that are kept for the next run go with prune; those that a container uses, and what others put there, stay',
    () =>
      onMachine(node, async (machine) => {
        const [unused, used] = ['a', 'b'].map((digit) => `kind-flat-network/node:sha256-${digit.repeat(64)}`)
        for (const image of [unused, used]) machine.addImage(image ?? '')
        const key = `kind-flat-network-image-parts1-${'c'.repeat(64)}-linux-amd64`
        const cached = `.cache/kind-flat-network/images/${key}`
        const theirs = ['images/notes', 'tools/helm', 'tools/.kind-mine']
        const kept = ['tools/kind', 'tools/.kubectl-1.34.0-0a1b2c3d', ...theirs].map(
          (place) => `.cache/kind-flat-network/${place}`,
        )
        for (const place of [cached, ...kept]) {
          mkdirSync(machine.path(place), { recursive: true })
          writeFileSync(machine.path(`${place}/part`), 'x'.repeat(2000))
        }
        machine.script({
          rules: [
            { match: `image rm ${String(used)}`, exit: 1, stderr: 'conflict: image is being used by container 1' },
          ],
        })
        const pruned = await machine.cli('prune', '--json')
        expect(pruned.code).toBe(0)
        expect(resultOf(pruned)).toEqual({
          removed: [
            { name: key, bytes: 2000 },
            { name: '.kubectl-1.34.0-0a1b2c3d' },
            { name: 'kind' },
            { name: unused },
          ],
        })
        expect(machine.images().filter((name) => name.startsWith('kind-flat-network/'))).toEqual([used])
        const left = ['images', 'tools'].flatMap((each) =>
          readdirSync(machine.path(`.cache/kind-flat-network/${each}`)).map((name) => `${each}/${name}`),
        )
        expect(left.sort()).toEqual(theirs.sort())
        for (const name of theirs) {
          const message = expect.stringMatching(`/.cache/kind-flat-network/${name} stays: `)
          expect(jsonLines(pruned)).toContainEqual({ type: 'info', message })
        }
      }),
    testMilliseconds,
  )

  test.each(['', 'relative'])(
    'and tools of the working directory are not those of XDG_CACHE_HOME=%j',
    (value) =>
      onMachine(node, async (machine) => {
        const places = ['work', 'work/relative'].map((each) => `${each}/kind-flat-network/tools/kind`)
        for (const place of places) mkdirSync(machine.path(place), { recursive: true })
        const cached = machine.path('.cache/kind-flat-network/tools/kind')
        mkdirSync(cached, { recursive: true })
        const env = { XDG_CACHE_HOME: value, XDG_STATE_HOME: value }
        const pruned = await machine.run('cli', { args: ['prune', '--json'], env })
        expect(resultOf(pruned)).toEqual({ removed: [{ name: 'kind' }] })
        expect([existsSync(cached), ...places.map((place) => existsSync(machine.path(place)))]).toEqual([
          false,
          true,
          true,
        ])
      }),
    testMilliseconds,
  )

  test.each(['', 'relative'])(
    'the record of a run is not in the working directory where XDG_STATE_HOME is %j',
    (value) =>
      onMachine(node, async (machine) => {
        const env = { XDG_STATE_HOME: value }
        const up = await machine.run('cli', { args: ['up', '--clusters', '1', '--wait', '30s', '--json'], env })
        expect(up.code).toBe(0)
        expect(resultOf(up)).toMatchObject({
          kubeconfig: expect.stringContaining(machine.path('.local/state/kind-flat-network/')),
        })
        expect((await machine.run('cli', { args: ['down'], env })).code).toBe(0)
        expect(readdirSync(machine.path('work'))).toEqual([])
      }),
    testMilliseconds,
  )
})
