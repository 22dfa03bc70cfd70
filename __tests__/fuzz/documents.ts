import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, isAbsolute, join } from 'node:path'
import fc from 'fast-check'
import { runDirectory } from '../../src/action/run-directory.js'
import { savedRun } from '../../src/action/state.js'
import { createExecRunner } from '../../src/adapters/exec-runner.js'
import { nodeFiles } from '../../src/adapters/node-files.js'
import { readRecord } from '../../src/adapters/run-store.js'
import { readConfigFile } from '../../src/cli/config-file.js'
import { parseVolumes } from '../../src/commands/docker-volumes.js'
import { Problems } from '../../src/model/problems.js'
import { parseArchiveList, unknownId, type NamedImage } from '../../src/plan/image-loading.js'
import { parseImageDocument } from '../../src/plan/image-manifest.js'
import { withDefaults } from '../../src/plan/inputs.js'
import { makePlan, type Plan } from '../../src/plan/plan.js'
import { parseRequest } from '../../src/plan/request.js'
import { isRunId, parseRunRecord, RecordError, recordFile } from '../../src/plan/run-record.js'
import { removalHint } from '../../src/report/removal-hint.js'
import { findImages } from '../../src/steps/load-images.js'
import type { KindParser } from '../e2e/support/kind-parser.js'
import { directory as recordDirectory, facts, request, run } from '../fakes/build.js'
import {
  anyArchive,
  anyArchiveList,
  anyConfigFile,
  anyImageDocument,
  anyKindConfigText,
  anyRunRecord,
  anyState,
  anyVolumes,
  type AnyVolumes,
} from './any-documents.js'
import { fuzz, type Amount, type Counts } from './fuzz.js'
import { longestTrouble, outcomeOf, requireHelpful, valueOrError } from './outcome.js'
import { checkPlan } from './plan-oracle.js'
import { checkWithKind } from './plan.js'

async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'fuzz-'))
  try {
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** A config file leads to inputs, each of them a text, or to problems that name the file. */
export function fuzzConfigFiles(amount: Amount): Promise<Counts> {
  return inDirectory((directory) =>
    fuzz(
      'config files',
      amount,
      anyConfigFile,
      async (bytes) => {
        await writeFile(join(directory, 'config.yaml'), bytes)
        const outcome = await outcomeOf(() => readConfigFile('config.yaml', directory, new AbortController().signal))
        if ('problems' in outcome) {
          for (const { input } of outcome.problems) require(input.startsWith('config.yaml'), `${input} names no file`)
          return 'refused'
        }
        for (const [name, text] of Object.entries(outcome.value)) {
          require(typeof text === 'string', `${name} is ${JSON.stringify(text)}`)
        }
        await outcomeOf(() => parseRequest(withDefaults(outcome.value), new Problems()))
        return 'accepted'
      },
      ['accepted', 'refused'],
    ),
  )
}

function require(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what)
}

/** A record is refused with what is wrong, or is that of the run and of the directory that it lies in. */
export function fuzzRunRecords(amount: Amount): Promise<Counts> {
  const read = async (directory: string, text: string) => {
    const written = text.replaceAll(recordDirectory, directory)
    const parsed = valueOrError(() => parseRunRecord(written))
    if ('error' in parsed) require(parsed.error instanceof RecordError, `it is refused with ${String(parsed.error)}`)
    await writeFile(join(directory, recordFile), written)
    const { record, trouble = '' } = await readRecord(run, directory)
    if (record === undefined) {
      require(trouble !== '' && trouble.length <= longestTrouble, `the trouble is told in ${trouble}`)
      return 'refused'
    }
    require('value' in parsed, 'what cannot be read is read')
    require(record.run === run && record.directory === directory, `run ${record.run} has ${record.directory}`)
    require(removalHint(record).includes(run), 'the hint names no run')
    return 'accepted'
  }
  return inDirectory((directory) =>
    fuzz('run records', amount, anyRunRecord, (text) => read(directory, text), ['accepted', 'refused']),
  )
}

/** What main has saved for post is the id of a run with a directory of that run, or an error. */
export function fuzzStates(amount: Amount): Promise<Counts> {
  return fuzz(
    'states',
    amount,
    anyState,
    ({ run: saved, directory }) => {
      process.env['STATE_run'] = saved
      process.env['STATE_directory'] = directory
      const outcome = valueOrError(() => savedRun(runDirectory))
      if ('error' in outcome) return 'refused'
      if (outcome.value === undefined) return 'nothing saved'
      const { run: id, directory: found } = outcome.value
      require(isRunId(id) && isAbsolute(found), `the directory of the run ${id} is ${found}`)
      require(basename(found) === `kind-flat-network-${id}`, `${found} would be removed`)
      return 'accepted'
    },
    ['accepted', 'refused'],
  ).finally(() => {
    delete process.env['STATE_run']
    delete process.env['STATE_directory']
  })
}

/** Labels of volumes keep nobody from planning: what a run has reserved stays free, and the rest is a warning. */
export function fuzzReservations(amount: Amount): Promise<Counts> {
  const read = async ({ output, sound, unreadable }: AnyVolumes) => {
    const volumes = parseVolumes(output)
    const reservations = volumes.flatMap(({ run: owner, reservation }) =>
      owner === undefined || reservation === undefined ? [] : [{ run: owner, ...reservation }],
    )
    const unreadableReservations = volumes.flatMap((volume) =>
      volume.unreadable === undefined ? [] : [{ volume: volume.name, why: volume.unreadable }],
    )
    const machine = facts({ reservations, unreadableReservations })
    const outcome = await outcomeOf(() => makePlan(request({ clusters: '2' }), machine, run))
    if ('problems' in outcome) {
      require(reservations.length > 0, 'what nobody can read keeps from planning')
      return 'no room'
    }
    const { clusters, warnings } = outcome.value
    checkPlan(outcome.value, { reservations: sound.map((each) => ({ run: 'cafe0001', ...each })) }, { given: {} })
    const reserved = sound.flatMap((each) => each.clusters)
    for (const { name } of clusters) require(!reserved.includes(name), `the name ${name} is reserved`)
    for (const volume of unreadable) {
      const warning = warnings.find((line) => line.includes(`volume ${volume} `))
      require(warning !== undefined, `${volume} has no warning`)
      require(warning.length <= 2 * longestTrouble, `the warning is ${warning}`)
    }
    return sound.length > 0 ? 'reserved' : unreadable.length > 0 ? 'warned' : 'nothing reserved'
  }
  return fuzz('reservations', amount, anyVolumes, read, ['reserved', 'warned', 'nothing reserved'])
}

/** A name that containerd takes, and a digest that it can be compared by; some lists tell none. */
function requireImage({ name, id }: NamedImage): void {
  require(/^[^\s/]+(\/[^\s/]+)+:[\w.-]{1,128}$/.test(name), `${name} is not the whole name of an image`)
  require(id === unknownId || /^sha256:[0-9a-f]{64}$/.test(id), `${name} has the id ${id}`)
}

export function fuzzArchiveLists(amount: Amount): Promise<Counts> {
  return fuzz(
    'archive lists',
    amount,
    anyArchiveList,
    (text) => {
      const outcome = valueOrError(() => parseArchiveList(text))
      if ('error' in outcome || outcome.value === undefined) return 'refused'
      for (const image of outcome.value) requireImage(image)
      return 'accepted'
    },
    ['accepted', 'refused'],
  )
}

export function fuzzImageManifests(amount: Amount): Promise<Counts> {
  return fuzz(
    'image manifests',
    amount,
    anyImageDocument,
    (text) => {
      const outcome = valueOrError(() => parseImageDocument(text))
      if ('error' in outcome) return 'refused'
      const { mediaType, parts, manifestOf } = outcome.value
      require(typeof mediaType === 'string', 'there is no media type')
      for (const { digest, size } of parts) {
        require(/^sha256:[0-9a-f]{64}$/.test(digest) && Number.isSafeInteger(size) && size >= 0, `${digest} is a part`)
      }
      for (const platform of ['linux/amd64', '__proto__/x']) {
        const found = manifestOf?.(platform)
        require(found === undefined || parts.some(({ digest }) => digest === found), `${String(found)} is not a part`)
      }
      return 'accepted'
    },
    ['accepted', 'refused'],
  )
}

/** Archives that the real tar reads at the same time. */
const together = 10

/** A real archive is refused with what is right, or its images are known. */
export function fuzzArchives(amount: Amount): Promise<Counts> {
  const world = { runner: createExecRunner({}, () => undefined), files: nodeFiles }
  const archives = fc.array(anyArchive, { minLength: together, maxLength: together })
  const read = async (directory: string, list: readonly Buffer[]) => {
    const paths = list.map((_, index) => join(directory, `${String(index)}.tar`))
    await Promise.all(list.map((bytes, index) => writeFile(paths[index] as string, bytes)))
    const problems = new Problems()
    const images = await findImages(world, paths, problems)
    problems.found.forEach(requireHelpful)
    require(images.length + problems.found.length === list.length, 'an archive is neither accepted nor refused')
    for (const { contents } of images) contents.forEach(requireImage)
    return images.length === 0 ? 'all refused' : images.length === list.length ? 'all accepted' : 'some refused'
  }
  const runs = Math.ceil(amount.runs / together)
  return inDirectory((directory) =>
    fuzz('archives, ten at once', { ...amount, runs }, archives, (list) => read(directory, list), ['some refused']),
  )
}

/** The text of a kind config leads to a refusal, or to a config that kind takes. */
export function fuzzKindConfigs(amount: Amount, kind?: KindParser): Promise<Counts> {
  return fuzz(
    'kind configs',
    amount,
    anyKindConfigText,
    async (text) => {
      const outcome = await outcomeOf((): Plan => {
        const asked = request({ clusters: JSON.stringify([{ config: text }]) })
        return makePlan(asked, facts({ networks: [], routes: [] }), run)
      })
      if ('problems' in outcome) return 'refused'
      if (kind !== undefined) await checkWithKind(outcome.value, kind)
      return 'accepted'
    },
    ['accepted', 'refused'],
  )
}
