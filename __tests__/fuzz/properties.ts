import type { KindParser } from '../e2e/support/kind-parser.js'
import {
  fuzzArchiveLists,
  fuzzArchives,
  fuzzConfigFiles,
  fuzzImageManifests,
  fuzzKindConfigs,
  fuzzReservations,
  fuzzRunRecords,
  fuzzStates,
} from './documents.js'
import type { Amount, Counts } from './fuzz.js'
import { fuzzPlan } from './plan.js'

/** What holds for every input; `npm test` tries some, `npm run test:nightly` many, there with kind's own parser. */
export const properties: Readonly<Record<string, (amount: Amount, kind?: KindParser) => Promise<Counts>>> = {
  'a plan is sound, or refused': fuzzPlan,
  'a kind config is one that kind takes, or refused': fuzzKindConfigs,
  'a config file is inputs, or refused': fuzzConfigFiles,
  'a run record is whole, or refused': fuzzRunRecords,
  'what main saved is a run and a directory of it, or refused': fuzzStates,
  'labels of volumes keep nobody from planning': fuzzReservations,
  'a list of images is names and digests, or refused': fuzzArchiveLists,
  'a manifest of an image is its parts, or refused': fuzzImageManifests,
  'an archive of images is names and digests, or refused': fuzzArchives,
}
