// What one process of a job does about a node image, and nothing else, for bench.js to watch.
//
//   bench-node-image.js MODULES main REFERENCE     provides the image, through the cache; prints what became of it
//   bench-node-image.js MODULES post IMAGE         saves it; IMAGE is the `toSave` that main printed
//
// MODULES: directory of the compiled sources. Files of the cache lie under RUNNER_TEMP. The last line is JSON.
import { join } from 'node:path'

const [modules, stage, parameter] = process.argv.slice(2)
const load = (path) => import(join(modules, path))
const { createWorld } = await load('adapters/world.js')
const { createActionsCache } = await load('adapters/actions-cache.js')
const { onSignal } = await load('adapters/signals.js')
const { engineInfo, parseEngineInfo } = await load('commands/docker.js')
const { provideNodeImages } = await load('steps/provide-node-images.js')
const { saveNodeImages } = await load('steps/save-node-images.js')

const log = { info: console.log, warning: console.error, phase: (_, work) => work() }
const imageCache = createActionsCache(process.env.RUNNER_TEMP, process.env)
const world = createWorld('bench', log, () => undefined, { imageCache })
const provide = async () => {
  const { platform } = parseEngineInfo(await world.runner.run(engineInfo))
  return provideNodeImages(world, [parameter], { cache: 'true', platform, signal: onSignal() })
}
const [image] = stage === 'main' ? await provide() : await saveNodeImages(world, [JSON.parse(parameter)])
console.log(JSON.stringify(image))
