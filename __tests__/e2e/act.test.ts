import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { act, runnerImage } from './support/act.js'
import { engineState, nodeImage, registryImage } from './support/engine.js'
import { plainHost } from './support/plain-host.js'
import { checkWhere, whereWorkflow } from './support/where.js'

jest.setTimeout(900_000)

let before: Awaited<ReturnType<typeof engineState>>

beforeEach(async () => {
  before = await engineState()
})

afterEach(async () => {
  expect(await engineState()).toEqual(before)
})

test("act runs the repository's workflow from start to post: a leg of its matrix, and the job that reads their outputs", async () => {
  const leg = ['--matrix=topology:groups', '--matrix=ip-family:ipv4', '--matrix=kubernetes-version:1.35']
  const said = await act('.github/workflows/e2e.yml', 'on the machine', { FLAT_NETWORK_NODE_IMAGE: nodeImage }, ...leg)
  // one for each of the two groups
  expect(said.match(/agnhost: (\d+)\/\1 pod pairs with the pod's own address/g)).toHaveLength(2)
  expect(said).toMatch(/as the next job knows it.* Job succeeded/)
})

test('the workflow that act runs in both its modes runs without act too', async () => {
  const environment = { CLUSTERS: '[plain1, plain2]', NODE_IMAGE: nodeImage, CACHE: 'false' }
  checkWhere(await plainHost(whereWorkflow, environment), ['plain1', 'plain2'])
})

test('a job in a container on a network of its own joins the clusters, and leaves them again', async () => {
  const images = [`--var=RUNNER_IMAGE=${runnerImage}`, `--var=REGISTRY_IMAGE=${registryImage}`]
  const said = await act(
    '__tests__/e2e/workflows/job-container.yml',
    'on the machine',
    { NODE_IMAGE: nodeImage },
    ...images,
  )
  for (const cluster of ['boxed1', 'boxed2']) expect(said).toMatch(new RegExp(`${cluster}-control-plane +Ready`))
  expect(said.match(/\| ok$/gm)).toHaveLength(2)
})
