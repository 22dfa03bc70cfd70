import { describe, expect, test } from '@jest/globals'
import { Problems } from '../../../src/model/problems.js'
import { checkDockerNetwork } from '../../../src/plan/docker-network.js'
import { facts, request } from '../../fakes/build.js'
import { makePlan } from '../../../src/plan/plan.js'

const id = '4779c522e302'.padEnd(64, '0')

function problemOf(given: string, networks = [{ id, name: 'lab', subnets: [] }]): string | undefined {
  const problems = new Problems()
  checkDockerNetwork(problems, given, networks)
  return problems.found[0]?.message
}

describe('the input docker-network', () => {
  test.each([id, id.slice(0, 12)])('is not the id of a network: %s', (given) => {
    expect(problemOf(given)).toBe('is the id of the Docker network lab; give its name')
  })

  test.each(['lab', '4779c522', 'cafe00000001', 'la.b'])(
    'may be a name, of a network that is there or not: %s',
    (given) => {
      expect(problemOf(given)).toBeUndefined()
    },
  )

  test('may be a name that is an id as well', () => {
    const both = [
      { id, name: 'lab', subnets: [] },
      { id: 'b1', name: id.slice(0, 12), subnets: [] },
    ]
    expect(problemOf(id.slice(0, 12), both)).toBeUndefined()
  })

  test('is checked with all other inputs', () => {
    const networks = [{ id, name: 'lab', subnets: [] }]
    expect(() => makePlan(request({ 'docker-network': id }), facts({ networks }), 'feedc0de')).toThrow(
      /^docker-network: .* is the id of the Docker network lab; give its name$/,
    )
  })
})
