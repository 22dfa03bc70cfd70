import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { execa } from 'execa'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startCloudProviderKind } from '../../../src/commands/cloud-provider-kind.js'

/** A program that tells what it was run with, one word a line, into a file of its own name. */
const tells = '#!/bin/sh\nprintf "%s\\n" "${0##*/}" "$@" >>"$TOLD/${0##*/}"\n'

/** Asks Docker for what cloud-provider-kind asks for, then goes on until it is ended. */
const provider = `#!/bin/sh
echo "$$ $KIND_EXPERIMENTAL_DOCKER_NETWORK" >>"$TOLD/started"
docker ps -a --filter label=io.x-k8s.kind.cluster --format '{{.Label "io.x-k8s.kind.cluster"}}'
docker ps -a --filter label=io.x-k8s.cloud-provider-kind.cluster --format '{{.ID }}'
docker ps -a --filter label=io.x-k8s.kind.cluster=east --format '{{.Names}}'
docker run --name kindccm-1 --detach --label 'a b=*' image bash -c 'echo  two'
echo started
exec sleep 30
`

describe('startCloudProviderKind', () => {
  let directory: string
  const told = (program: string) => readFile(join(directory, program), 'utf8')

  const start = (cluster: string) => {
    const [program = '', ...parameters] = startCloudProviderKind(join(directory, 'run', cluster), cluster)
    return execa(program, parameters, {
      env: {
        PATH: `${join(directory, 'bin')}:${process.env['PATH'] ?? ''}`,
        TOLD: directory,
        KIND_FLAT_NETWORK_RUN: 'feedc0de',
        KIND_EXPERIMENTAL_DOCKER_NETWORK: 'kind',
      },
      reject: false,
      timeout: 20_000,
    })
  }

  const program = async (name: string, text: string) => {
    await writeFile(join(directory, 'bin', name), text)
    await chmod(join(directory, 'bin', name), 0o755)
  }

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cloud-provider-kind-'))
    await mkdir(join(directory, 'bin'))
    await program('docker', tells)
    await program('cloud-provider-kind', provider)
  })

  afterEach(async () => {
    for (const line of (await told('started').catch(() => '')).split('\n')) {
      if (line !== '') process.kill(Number(line.split(' ')[0]))
    }
    await rm(directory, { recursive: true })
  })

  test('it goes on in the background and asks for that cluster alone; what it makes is labelled', async () => {
    const { exitCode } = await start('unit-east')
    expect(exitCode).toBe(0)
    // it has a second before it is left alone, and a busy machine may be slower
    for (let look = 0; look < 50 && (await told('run/unit-east/log')) !== 'started\n'; look++) await sleep(100)
    expect((await told('docker')).split('\ndocker\n')).toEqual([
      'docker\nps\n-a\n--filter\nlabel=io.x-k8s.kind.cluster=unit-east\n--format\n{{.Label "io.x-k8s.kind.cluster"}}',
      'ps\n-a\n--filter\nlabel=io.x-k8s.cloud-provider-kind.cluster=unit-east\n--format\n{{.ID }}',
      'ps\n-a\n--filter\nlabel=io.x-k8s.kind.cluster=east\n--format\n{{.Names}}',
      'run\n--label\nkind-flat-network.run=feedc0de\n--name\nkindccm-1\n--detach\n--label\na b=*\nimage\nbash\n-c\necho  two\n',
    ])
    expect(await told('run/unit-east/log')).toBe('started\n')
    const [pid, network] = (await told('started')).trim().split(' ')
    expect(network).toBe('kind')
    // carries the run, by which post finds and ends it
    expect(await readFile(`/proc/${String(pid)}/environ`, 'utf8')).toContain('KIND_FLAT_NETWORK_RUN=feedc0de\0')
  })

  test('there is one for each cluster, and never two for one', async () => {
    await start('unit-east')
    await start('unit-east2')
    await start('unit-east')
    expect((await told('started')).trim().split('\n')).toHaveLength(2)
  })

  test('one that ends at once is a failure, which shows what it said', async () => {
    await program('cloud-provider-kind', '#!/bin/sh\necho "no runtime found" >&2\nexit 1\n')
    expect(await start('unit-east')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no runtime found') })
  })
})
