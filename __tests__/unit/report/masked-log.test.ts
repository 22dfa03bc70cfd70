import { expect, test } from '@jest/globals'
import { maskedLog } from '../../../src/report/masked-log.js'
import { CollectingLog } from '../../fakes/world.js'

test('nothing that is told shows a secret, whoever tells it', async () => {
  const address = 'https://user:s3cret@host/x?key=s3cret'
  const inner = new CollectingLog()
  const log = maskedLog(inner)
  log.info(`from ${address}`)
  log.warning(`from ${address}`)
  log.progress(address, `from ${address}`)
  expect(await log.phase(address, () => Promise.resolve(address))).toBe(address)
  const masked = 'https://***@host/x?***'
  expect(inner).toMatchObject({
    infos: [`from ${masked}`, `${masked}: from ${masked}`],
    warnings: [`from ${masked}`],
    phases: [masked],
  })
})
