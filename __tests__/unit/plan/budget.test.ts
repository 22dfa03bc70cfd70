import { describe, expect, test } from '@jest/globals'
import { budgetWarnings } from '../../../src/plan/budget.js'
import { clusters, facts, plan } from '../../fakes/build.js'

const engine = (memory: number) => ({ ...facts().engine, memory })

describe('budgetWarnings', () => {
  test.each([
    ['all that is there', 6, 128, 3e9],
    ['what is not known', 6, undefined, 3e9],
  ])('has nothing to say of nodes that take no more than %s', (_, nodes, inotifyInstances, memory) => {
    const machine = facts({ engine: engine(memory), ...(inotifyInstances !== undefined && { inotifyInstances }) })
    expect(budgetWarnings(nodes, machine)).toEqual([])
  })

  test('tells what to raise where there are too few inotify instances', () => {
    expect(budgetWarnings(7, facts({ inotifyInstances: 128 }))).toEqual([
      '7 nodes take about 140 inotify instances, a user of this machine may have 128: "too many open files" is likely; raise it with: sudo sysctl fs.inotify.max_user_instances=1024',
    ])
    expect(budgetWarnings(100, facts({ engine: engine(1e12), inotifyInstances: 1024 }))[0]).toMatch(/instances=4000$/)
  })

  test('tells how much memory is there where it is too little', () => {
    expect(budgetWarnings(7, facts({ engine: engine(3.2e9) }))).toEqual([
      '7 nodes take about 3.5 GB of memory, the engine has 3.2 GB; give fewer nodes',
    ])
  })
})

test('a plan counts the nodes of all clusters', () => {
  const given = { clusters: clusters(['a', 3, 1], ['b', 1, 2]) }
  expect(plan(given, { inotifyInstances: 139 }).warnings).toEqual([expect.stringMatching(/^7 nodes take about 140/)])
  expect(plan(given, { inotifyInstances: 140 }).warnings).toEqual([])
})
