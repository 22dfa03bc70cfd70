import { expect, test } from '@jest/globals'
import type { ProvidedImage } from '../../../src/plan/node-images.js'
import { savedSummary, summary } from '../../../src/report/summary.js'
import { clusters, pair, record, runningNodes } from '../../fakes/build.js'

const made = record({ clusters: clusters(['east', 1, 1], ['west', 1, 0], ['south', 1, 0]) })
const nodes = runningNodes(made)
const phases = [
  { title: 'Create 3 clusters', seconds: 34.06 },
  { title: 'Connect', seconds: 0.5 },
]

test('the summary is a graph, a table of clusters, the matrix and the seconds', () => {
  const two = record({ clusters: clusters(['east', 1, 1], ['west', 1, 0]) })
  const [east, , west] = runningNodes(two) as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]]
  const flat = { record: two, nodes: runningNodes(two), pairs: [pair(east, west), pair(west, east)] }
  expect(summary(flat, phases)).toBe(`## Flat network of kind clusters

\`\`\`mermaid
graph LR
  subgraph c0["east · pods 10.128.0.0/16"]
    c0n0["east-control-plane<br/>172.18.0.2<br/>pods 10.128.0.0/24"]
    c0n1["east-worker<br/>172.18.0.3<br/>pods 10.128.1.0/24"]
  end
  subgraph c1["west · pods 10.129.0.0/16"]
    c1n0["west-control-plane<br/>172.18.0.4<br/>pods 10.129.0.0/24"]
  end
  c0 <--> c1
\`\`\`

### Clusters

| Cluster | Context | Networks | Pod subnet | Service subnet | Nodes |
| --- | --- | --- | --- | --- | --- |
| east | \`kind-east\` | default | 10.128.0.0/16 | 10.192.0.0/16 | east-control-plane 172.18.0.2<br>east-worker 172.18.0.3 |
| west | \`kind-west\` | default | 10.129.0.0/16 | 10.193.0.0/16 | west-control-plane 172.18.0.4 |

### Connectivity

2/2 pod pairs reachable, 2/2 with the pod's own address.

| from ↓ to → | east-control-plane | west-control-plane |
| --- | --- | --- |
| east-control-plane | · | ✓ 1.3 ms |
| west-control-plane | ✓ 1.3 ms | · |

Create 3 clusters 34.1 s · Connect 0.5 s
`)
})

test('the graph joins every two clusters once', () => {
  expect(summary({ record: made, nodes }, []).match(/c\d <--> c\d/g)).toEqual([
    'c0 <--> c1',
    'c0 <--> c2',
    'c1 <--> c2',
  ])
})

test('the graph joins only clusters that share a network, and shows both address families', () => {
  const groups = record({
    clusters: '- {name: a, network: x, ip-family: dual}\n- {name: b, network: [x, y]}\n- {name: c, network: y}',
  })
  const text = summary({ record: groups, nodes: runningNodes(groups) }, [])
  expect(text.match(/c\d <--> c\d/g)).toEqual(['c0 <--> c1', 'c1 <--> c2'])
  expect(text).toContain('subgraph c0["a · pods 10.128.0.0/16, fd00:10:128::/56"]')
  expect(text).toContain('172.18.0.2<br/>fc00:4b46::2<br/>pods 10.128.0.0/24, fd00:10:128::/64')
  expect(text).toContain('| b | `kind-b` | x, y | 10.129.0.0/16 | 10.193.0.0/16 | b-control-plane 172.18.0.3 |')
})

test('images that the engine did not have are told with what they cost, before the proof', () => {
  const nodeImages: ProvidedImage[] = [
    { reference: 'there:1', name: 'there:1', from: 'engine', seconds: 0.1 },
    {
      reference: 'kept:1',
      name: 'x:1',
      from: 'cache',
      seconds: 9,
      restored: { seconds: 4, bytes: 400e6 },
      insteadOfSeconds: 30,
    },
    {
      reference: 'far:1',
      name: 'y:1',
      from: 'registry',
      seconds: 31.04,
      transferred: { seconds: 20, bytes: 380e6 },
      remark: 'not kept',
    },
  ]
  const text = summary({ record: made, nodes, nodeImages, pairs: [] }, [])
  const [, table = ''] = /### Node images\n\n([^]*?)\n\n### Connectivity/.exec(text) ?? []
  expect(table.split('\n').slice(2)).toEqual([
    '| kept:1 | 400.0 MB in 4.0 s | 5.0 s |  |  |',
    '| far:1 |  |  | 31.0 s (380.0 MB in 20.0 s) | not kept |',
  ])
  expect(summary({ record: made, nodes, nodeImages: nodeImages.slice(0, 1) }, [])).not.toContain('Node images')
})

test('what post saved is a table, and what it could not is not hidden', () => {
  expect(
    savedSummary([
      { reference: 'a:1', saved: true, seconds: 12.34, bytes: 400e6 },
      { reference: 'b:1', saved: false, seconds: 1, bytes: 0 },
    ]),
  ).toBe(
    [
      '| Node image | Saved in the cache |',
      '| --- | --- |',
      '| a:1 | 400.0 MB in 12.3 s |',
      '| b:1 | no, as the log tells |',
      '',
    ].join('\n'),
  )
})

test('a run that verified nothing has no matrix', () => {
  expect(summary({ record: made, nodes }, phases)).not.toContain('Connectivity')
})
