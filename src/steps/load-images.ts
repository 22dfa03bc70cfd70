import { resolve } from 'node:path'
import { cannotStopEarly, findImagesOn, importImages, readFromArchive, whyNotRead } from '../commands/containerd.js'
import { inspectImage, isMissingImage, parseImage, saveImages as saveCommand } from '../commands/docker-images.js'
import { parseLines } from '../commands/docker.js'
import { CommandError, messageOf, TooMuchOutputError } from '../errors.js'
import { archivesOnNode } from '../kind-config/kind-config.js'
import { formatBytes } from '../plan/byte-size.js'
import type { HostFacts } from '../plan/host-facts.js'
import {
  archiveLists,
  archivesDirectory,
  mostListBytes,
  parseArchiveList,
  wholeName,
  type ImageToLoad,
  type NamedImage,
} from '../plan/image-loading.js'
import type { Problems } from '../model/problems.js'
import type { FileKind, World } from '../ports.js'
import { allOrNone } from './all-or-none.js'
import { whenAllEnd } from './when-all-end.js'

/** An archive of images to be loaded. */
export interface ImageArchive {
  readonly path: string
  /** Its path on a node that shares the directory; empty where none does. */
  readonly onNode: string
  readonly contents: readonly NamedImage[]
}

/** Longest time that one archive may take to be saved, or to be loaded into one node. */
const transferSeconds = 15 * 60

/**
 * Looks what each value of the input `images` stands for: a file that exists, or else an image in the engine. What is
 * wrong with one is added to the problems.
 */
export async function findImages(
  { runner, files }: Pick<World, 'runner' | 'files'>,
  given: readonly string[],
  problems: Problems,
): Promise<ImageToLoad[]> {
  const found = await whenAllEnd(
    given.map(async (value) => {
      const kind = await files.kindOf(value)
      return find(runner, value, kind).catch((error: unknown) => {
        if (error instanceof Unusable) return error
        throw error
      })
    }),
  )
  return found.flatMap((image, index) => {
    if (!(image instanceof Unusable)) return [image]
    problems.add('images', given[index], image.message)
    return []
  })
}

/** What is wrong with a value, to be put after it. */
class Unusable extends Error {}

function find(runner: World['runner'], given: string, kind: FileKind | undefined): Promise<ImageToLoad> {
  // images are often called as the directory that they are built in
  if (kind === undefined || kind === 'directory') return findInEngine(runner, given, kind)
  if (kind === 'file') return readArchive(runner, given)
  return Promise.reject(
    new Unusable(`is a ${kind}; give the path of a regular file, or the name of an image in the engine`),
  )
}

async function readArchive(runner: World['runner'], given: string): Promise<ImageToLoad> {
  // tar takes what stands before a colon for a machine, unless a slash comes first
  const archive = resolve(given)
  let why: string | undefined
  for (const file of archiveLists) {
    const read = await readList(runner, archive, file)
    if ('why' in read) {
      why ??= read.why
      continue
    }
    const contents = attempt(() => parseArchiveList(read.text))
    if (contents === undefined) throw noArchive(`its ${file} is not a list of images`)
    if (contents.length > 0) return { given, archive, contents }
    throw new Unusable(
      'holds no image that has a name with a tag; create it with names: docker image save --output FILE NAME:TAG',
    )
  }
  throw noArchive(why ?? `it has neither ${archiveLists.join(' nor ')}`)
}

function noArchive(why: string): Unusable {
  return new Unusable(`is not an archive of images (${why}); create one: docker image save --output FILE NAME:TAG`)
}

/** The text of a file in an archive, or why there is none that can be read. */
async function readList(
  runner: World['runner'],
  archive: string,
  file: string,
  stopsEarly = true,
): Promise<{ readonly text: string } | { readonly why: string | undefined }> {
  const options = { timeoutSeconds: transferSeconds, mostBytes: mostListBytes }
  try {
    return { text: await runner.run(readFromArchive(archive, file, stopsEarly), options) }
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    if (error instanceof TooMuchOutputError) {
      throw noArchive(`its ${file} is larger than the ${formatBytes(mostListBytes)} that are read`)
    }
    if (stopsEarly && cannotStopEarly(error.output)) return readList(runner, archive, file, false)
    return { why: whyNotRead(error) }
  }
}

async function findInEngine(runner: World['runner'], given: string, kind: FileKind | undefined): Promise<ImageToLoad> {
  const what = kind === undefined ? 'neither a file nor' : `a ${kind} and not`
  const notFound = `is ${what} an image in the engine; docker pull or build it before, or give the path of an archive`
  const name = attempt(() => wholeName(given), kind === undefined ? undefined : notFound)
  const output = await runner.run(inspectImage(given)).catch((error: unknown) => {
    throw error instanceof CommandError && isMissingImage(error.output) ? new Unusable(notFound) : error
  })
  const { id, tags } = parseImage(output)
  if (tags.some((tag) => wholeName(tag) === name)) return { given, contents: [{ name, id }] }
  const others = tags.length === 0 ? 'docker tag it' : `give its name: ${tags.join(', ')}`
  throw new Unusable(`is the id of an image, which pods cannot ask for; ${others}`)
}

function attempt<T>(work: () => T, message?: string): T {
  try {
    return work()
  } catch (error) {
    throw new Unusable(message ?? messageOf(error))
  }
}

/** Those of the images that some of these nodes lack. On nodes that have one under another name, it gets its name. */
export async function imagesMissing(
  { runner }: Pick<World, 'runner'>,
  images: readonly ImageToLoad[],
  nodes: readonly string[],
): Promise<ImageToLoad[]> {
  const contents = images.flatMap((image) => image.contents)
  if (contents.length === 0) return []
  const answers = await whenAllEnd(nodes.map((node) => runner.run(findImagesOn(node, contents))))
  const missing = new Set(answers.flatMap(parseLines))
  return images.filter((image) => image.contents.some(({ name }) => missing.has(name)))
}

/**
 * Saves the images that the engine has into one archive in the run's directory, so that each node reads one stream and
 * layers that images share come once; archives that were given stay where they are.
 */
export async function saveImages(
  { runner }: Pick<World, 'runner'>,
  images: readonly ImageToLoad[],
  engine: Pick<HostFacts['engine'], 'platform' | 'containerdImageStore'>,
  directory: string,
): Promise<ImageArchive[]> {
  const path = savedImages(directory)
  const inEngine = images.filter(({ archive }) => archive === undefined)
  if (inEngine.length > 0) {
    const references = inEngine.map(({ given }) => given)
    await runner.run(saveCommand(references, path, engine), { timeoutSeconds: transferSeconds })
  }
  const saved = {
    path,
    onNode: `${archivesOnNode}/${savedFile}`,
    contents: inEngine.flatMap(({ contents }) => contents),
  }
  const given = images.flatMap(({ archive, contents }) =>
    archive === undefined ? [] : [{ path: archive, onNode: '', contents }],
  )
  return inEngine.length > 0 ? [saved, ...given] : given
}

/** Removes what `saveImages` wrote. */
export function removeSavedImages({ files }: Pick<World, 'files'>, directory: string): Promise<void> {
  return files.removeFile(savedImages(directory))
}

const savedFile = 'images.tar'

function savedImages(directory: string): string {
  return `${archivesDirectory(directory)}/${savedFile}`
}

/**
 * Loads archives into nodes, all nodes at the same time, and unpacks them there; a node that has all of an archive is
 * only asked. The first failure ends the others.
 * @returns how many nodes were given something
 * @throws with the node and the images that failed
 */
export async function loadImages(
  { runner }: Pick<World, 'runner'>,
  archives: readonly ImageArchive[],
  nodes: readonly string[],
): Promise<number> {
  const changed = await allOrNone(
    { runner },
    nodes.map((node) => async ({ runner: live }: Pick<World, 'runner'>) => {
      let loaded = false
      for (const { path, onNode, contents } of archives) {
        const missing = await live
          .run(importImages(node, contents, onNode), { inputFile: path, timeoutSeconds: transferSeconds })
          .catch((error: unknown) => {
            throw error instanceof CommandError ? notLoaded(node, contents, error) : error
          })
        loaded ||= missing !== ''
      }
      return loaded
    }),
  )
  return changed.filter(Boolean).length
}

function notLoaded(node: string, contents: readonly NamedImage[], cause: CommandError): Error {
  const names = contents.map(({ name }) => name).join(', ')
  return new Error(`node ${node} did not get ${names}: ${cause.message}`, { cause })
}
