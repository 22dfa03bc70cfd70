import { expect, jest, test } from '@jest/globals'
import { execa } from 'execa'
import { fileURLToPath } from 'node:url'
import { engineState, nodeImage } from './support/engine.js'

jest.setTimeout(900_000)

const root = fileURLToPath(new URL('../../', import.meta.url))

test("act runs the repository's workflow from start to post, and nothing is left", async () => {
  const before = await engineState()
  const { exitCode, all } = await execa(
    'act',
    [
      'push',
      '--workflows=.github/workflows/e2e.yml',
      '--platform=ubuntu-latest=-self-hosted',
      '--concurrent-jobs=1',
      `--env=FLAT_NETWORK_NODE_IMAGE=${nodeImage}`,
    ],
    { cwd: root, all: true, reject: false, timeout: 840_000 },
  )
  // what act printed last belongs into the report of a failure
  expect({ exitCode, said: exitCode === 0 ? '' : all.slice(-6000) }).toEqual({ exitCode: 0, said: '' })
  expect(all.match(/agnhost: (\d+)\/\1 pod pairs with the pod's own address/g)).toHaveLength(2)
  expect(await engineState()).toEqual(before)
})
