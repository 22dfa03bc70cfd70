import { describe, expect, test } from '@jest/globals'
import { readKindConfig } from '../../../src/kind-config/kind-config.js'
import { configsForKind, corpus, inputsOf, outcomeOf } from '../../fakes/corpus.js'
import { request, run } from '../../fakes/build.js'

const cases = corpus()

test('the corpus is large, and half of it is refused', () => {
  expect(cases.length).toBeGreaterThanOrEqual(150)
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
})

describe.each([...new Set(cases.map(({ theme }) => theme))])('%s', (theme) => {
  const accepted = cases.filter((each) => each.theme === theme && each.here === 'accepts')
  const refused = cases.filter((each) => each.theme === theme && each.here === 'refuses')

  if (accepted.length > 0) {
    test.each(accepted)('is taken as it is: $name', (each) => {
      const outcome = outcomeOf(each)
      if (!('plan' in outcome)) throw new Error(outcome.problems.join('\n'))
      const [first = ''] = configsForKind(outcome.plan)
      const read = readKindConfig(first)
      // the mark of the owner, which nobody else may set
      const marks = read.config.nodes?.map(() => `/kind-flat-network/${run}`)
      expect(read.problems.map(({ value }) => value)).toEqual(marks)
      const { nodes = [], ...said } = each.says ?? {}
      expect(read.config).toMatchObject(said)
      nodes.forEach((node, index) => {
        const { extraMounts = [], ...rest } = node
        const made = read.config.nodes?.[index]
        expect(made).toMatchObject(rest)
        expect(made?.extraMounts?.slice(0, -1)).toMatchObject(extraMounts)
      })
      if (nodes.length > 0) expect(read.config.nodes).toHaveLength(nodes.length)
    })

    test.each(accepted)('decides: $name', (each) => {
      const [cluster] = request(inputsOf(each)).clusters
      const texts = (subnets: readonly { text: string }[] = []) => subnets.map(({ text }) => text)
      expect({
        ...cluster,
        podSubnets: texts(cluster?.podSubnets),
        serviceSubnets: texts(cluster?.serviceSubnets),
      }).toMatchObject(each.request ?? {})
    })

    test.each(accepted)('warns of no more than it should: $name', (each) => {
      const warnings = request(inputsOf(each)).warnings.map((line) => line.replace('clusters[0].config', 'config'))
      expect(warnings.map((line) => line.split(': ')[0])).toEqual(each.warns ?? [])
    })
  }

  if (refused.length > 0) {
    test.each(refused)('is refused with its place: $name', (each) => {
      const outcome = outcomeOf(each)
      expect('places' in outcome ? outcome.places : 'accepted').toEqual(each.refused)
    })
  }
})
