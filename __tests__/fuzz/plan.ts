import { parseVolumes, reservationVolume } from '../../src/commands/docker-volumes.js'
import { defaultKubernetes } from '../../src/plan/default-kubernetes.js'
import { describeProblem } from '../../src/errors.js'
import type { HostFacts } from '../../src/plan/host-facts.js'
import { withDefaults, type GivenInputs } from '../../src/plan/inputs.js'
import { makePlan, reservationOf, type Plan } from '../../src/plan/plan.js'
import { Problems } from '../../src/model/problems.js'
import { writeReservation } from '../../src/plan/reservation.js'
import { parseRequest } from '../../src/plan/request.js'
import { parseRunRecord, recordOf } from '../../src/plan/run-record.js'
import { readInputFiles } from '../../src/steps/read-input-files.js'
import fc from 'fast-check'
import { isDeepStrictEqual } from 'node:util'
import { directory, facts, run } from '../fakes/build.js'
import { configsForKind } from '../fakes/corpus.js'
import type { KindParser } from '../e2e/support/kind-parser.js'
import { fakeWorld } from '../fakes/world.js'
import { anyHostFacts } from './any-host-facts.js'
import { anyInputs, type AnyInputs } from './any-inputs.js'
import { fuzz, type Amount, type Counts } from './fuzz.js'
import { outcomeOf } from './outcome.js'
import { checkPlan } from './plan-oracle.js'

/** The plan of inputs on a machine, as `kind-flat-network plan` makes it. */
async function planOf(given: GivenInputs, machine: HostFacts): Promise<Plan> {
  const problems = new Problems()
  const raw = await readInputFiles(fakeWorld(), withDefaults(given), problems)
  const first = parseRequest(raw, new Problems())
  const request = parseRequest(raw, problems, defaultKubernetes(first, machine))
  return makePlan(request, machine, run, problems)
}

/**
 * Any inputs on any machine lead to a refusal that helps, or to a plan that is sound.
 * @param kind kind's own parser, where there is one
 */
export function fuzzPlan(amount: Amount, kind?: KindParser): Promise<Counts> {
  return fuzz(
    'plan',
    amount,
    fc.tuple(anyInputs, fc.oneof(fc.constant<Partial<HostFacts>>({}), anyHostFacts)),
    async ([inputs, machine]) => {
      const outcome = await outcomeOf(() => planOf(inputs.given, facts(machine)))
      const isSound = mustBeAccepted(inputs, machine)
      if ('problems' in outcome) {
        if (isSound) throw new Error(`what is sound is refused: ${outcome.problems.map(describeProblem).join('; ')}`)
        return 'refused'
      }
      checkPlan(outcome.value, machine, inputs)
      checkWrittenDown(outcome.value)
      if (kind !== undefined) await checkWithKind(outcome.value, kind)
      return isSound ? 'accepted, as it must be' : 'accepted'
    },
    ['accepted', 'accepted, as it must be', 'refused'],
  )
}

/** As large as any of the clusters need. */
const largeSupernets = {
  'pod-supernet': ['10.0.0.0/9', '172.16.0.0/13,fd00:20::/48', '10.240.0.0/13', '100.64.0.0/14', '::/0'],
  'service-supernet': ['10.0.0.0/9', '172.24.0.0/13', 'fd00:30::/104', '10.248.0.0/16', '::/0'],
} as const

/** Whether nothing is in the way of these clusters: they meet neither each other nor anything on the machine. */
function mustBeAccepted({ given, wanted }: AnyInputs, machine: Partial<HostFacts>): boolean {
  if (wanted === undefined || Object.keys(machine).length > 0) return false
  const names = wanted.flatMap(({ name }) => name ?? [])
  const isLarge = (['pod-supernet', 'service-supernet'] as const).every((name) =>
    [undefined, ...largeSupernets[name]].includes(given[name] as never),
  )
  return (
    isLarge &&
    wanted.every(({ podSubnet, serviceSubnet }) => podSubnet === undefined && serviceSubnet === undefined) &&
    // joined clusters share a family
    wanted.every(({ families }) => wanted.every((other) => families.some((each) => other.families.includes(each)))) &&
    // the names of their containers are short enough for host names, and differ
    names.every((name) => name.length <= 40 && !/^cluster\d|-(control-plane|worker|external)/.test(name)) &&
    new Set(names).size === names.length
  )
}

/** What later processes read of a run is what was planned. */
function checkWrittenDown(plan: Plan): void {
  const record = recordOf(plan, directory)
  requireEqual('the record', parseRunRecord(JSON.stringify(record)), record)
  const reservation = reservationOf(plan)
  const line = `${JSON.stringify([reservationVolume(run), run, writeReservation(reservation)])}\n`
  requireEqual('the reservation', parseVolumes(line), [{ name: reservationVolume(run), run, reservation }])
}

function requireEqual(what: string, read: unknown, written: unknown): void {
  if (!isDeepStrictEqual(read, written)) throw new Error(`${what} is read as ${JSON.stringify(read)}`)
}

/** kind takes the config of each cluster, and reads from it what the plan says. */
export async function checkWithKind(plan: Plan, kind: KindParser): Promise<void> {
  const configs = configsForKind(plan)
  const answers = await kind.ask(configs.map((config) => ({ config })))
  for (const [index, { cluster, error }] of answers.entries()) {
    if (cluster === undefined) throw new Error(`kind refuses: ${String(error)}\n${String(configs[index])}`)
    const { name, podSubnets, serviceSubnets, nodes } = plan.clusters[index] as Plan['clusters'][number]
    requireEqual(
      `the config of ${name}`,
      [
        cluster.name,
        cluster.networking.podSubnet,
        cluster.networking.serviceSubnet,
        cluster.nodes.map(({ role }) => role),
      ],
      [name, podSubnets.join(), serviceSubnets.join(), nodes.map(({ role }) => role)],
    )
  }
}
