import { describe, expect, test } from '@jest/globals'
import { createVolume, parseVolumes } from '../../../src/commands/docker-volumes.js'

const volumes = (...rows: string[][]) => parseVolumes(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))

describe('what docker prints of volumes', () => {
  const reservation = { clusters: ['east', 'west'], subnets: ['10.128.0.0/16', 'fd00::/56'] }

  test('is name, run, and the reservation of those that hold one', () => {
    expect(
      volumes(
        ['kind-flat-network-lock', 'feedc0de', ''],
        ['kind-flat-network-lock-feedc0de', 'cafe0001', ''],
        ['kind-flat-network-cafe0001', 'cafe0001', JSON.stringify(reservation)],
        ['postgres', '', ''],
      ),
    ).toEqual([
      { name: 'kind-flat-network-lock', run: 'feedc0de' },
      { name: 'kind-flat-network-lock-feedc0de', run: 'cafe0001' },
      { name: 'kind-flat-network-cafe0001', run: 'cafe0001', reservation },
    ])
    expect(volumes()).toEqual([])
  })

  test.each([
    [['kind-flat-network-lock', '', '']],
    [['kind-flat-network-lock', 'me\nkind-flat-network-lock feedc0de', '']],
    [['kind-flat-network-cafe0001', 'feedc0de', '']],
    [['copy', 'feedc0de', '']],
  ])('is nobody that made it where name and label are not those of a run: %j', (row) => {
    expect(volumes(row)).toEqual([{ name: row[0] }])
  })

  test('is a reservation that cannot be read, beside others that can', () => {
    const known = ['kind-flat-network-cafe0001', 'cafe0001', JSON.stringify(reservation)]
    const why = 'its name and its label kind-flat-network.run are not those of a run'
    expect(
      volumes(
        ['kind-flat-network-feedc0de', 'feedc0de', 'east west'],
        known,
        ['kind-flat-network-me', 'me', JSON.stringify(reservation)],
        ['copy', 'cafe0001', JSON.stringify(reservation)],
      ),
    ).toEqual([
      { name: 'kind-flat-network-feedc0de', run: 'feedc0de', unreadable: 'it is not JSON' },
      { name: 'kind-flat-network-cafe0001', run: 'cafe0001', reservation },
      { name: 'kind-flat-network-me', unreadable: why },
      { name: 'copy', unreadable: why },
    ])
  })
})

test('a volume carries its run, and what the run takes as one word', () => {
  expect(createVolume('v', 'feedc0de')).toEqual([
    ...['docker', 'volume', 'create', '--label=kind-flat-network.run=feedc0de', 'v'],
  ])
  expect(createVolume('v', 'feedc0de', { clusters: ['a', 'b'], subnets: ['fd00::/56'] }).slice(4)).toEqual([
    '--label=kind-flat-network.reserved={"version":1,"clusters":["a","b"],"subnets":["fd00::/56"]}',
    'v',
  ])
})
