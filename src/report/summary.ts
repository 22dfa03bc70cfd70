import { areJoined } from '../plan/groups.js'
import { matrix, outputsOf, verdict, type FlatNetwork } from './flat-network.js'

/** The job summary: topology, clusters, connectivity. Markdown with a Mermaid graph. */
export function summary(
  flat: FlatNetwork,
  phases: readonly { readonly title: string; readonly seconds: number }[],
): string {
  const { clusters } = outputsOf(flat)
  const parts = ['## Flat network of kind clusters', topology(flat), '### Clusters', clusterTable(clusters)]
  if (flat.pairs !== undefined) parts.push('### Connectivity', `${verdict(flat.pairs)}.`, table(matrix(flat.pairs)))
  parts.push(phases.map(({ title, seconds }) => `${title} ${seconds.toFixed(1)} s`).join(' · '))
  return `${parts.join('\n\n')}\n`
}

function topology(flat: FlatNetwork): string {
  const { clusters } = outputsOf(flat)
  const lines = ['graph LR']
  clusters.forEach(({ name, podSubnets, nodes }, index) => {
    lines.push(`  subgraph c${String(index)}["${name} · pods ${podSubnets.join(', ')}"]`)
    nodes.forEach((node, position) => {
      lines.push(
        `    c${String(index)}n${String(position)}["${node.name}<br/>${node.addresses.join('<br/>')}<br/>pods ${node.podCIDRs.join(', ')}"]`,
      )
    })
    lines.push('  end')
  })
  clusters.forEach((one, index) => {
    clusters.forEach((other, position) => {
      if (position > index && areJoined(one, other)) lines.push(`  c${String(index)} <--> c${String(position)}`)
    })
  })
  return ['```mermaid', ...lines, '```'].join('\n')
}

function clusterTable(clusters: ReturnType<typeof outputsOf>['clusters']): string {
  return table([
    ['Cluster', 'Context', 'Networks', 'Pod subnet', 'Service subnet', 'Nodes'],
    ...clusters.map(({ name, context, networks, podSubnets, serviceSubnets, nodes }) => [
      name,
      `\`${context}\``,
      networks.join(', '),
      podSubnets.join('<br>'),
      serviceSubnets.join('<br>'),
      nodes.map((node) => `${node.name} ${node.addresses.join(' ')}`).join('<br>'),
    ]),
  ])
}

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
