import { formatBytes } from '../plan/byte-size.js'
import { areJoined } from '../plan/groups.js'
import { seconds } from '../plan/image-cache.js'
import { remarkOf, type ProvidedImage } from '../plan/node-images.js'
import { matrix, outputsOf, verdict, type FlatNetwork } from './flat-network.js'

/** The job summary: topology, clusters, connectivity. Markdown with a Mermaid graph. */
export function summary(
  flat: FlatNetwork,
  phases: readonly { readonly title: string; readonly seconds: number }[],
): string {
  const { clusters } = outputsOf(flat)
  const parts = ['## Flat network of kind clusters', topology(flat), '### Clusters', clusterTable(clusters)]
  const images = (flat.nodeImages ?? []).filter(({ from }) => from !== 'engine')
  if (images.length > 0) parts.push('### Node images', imageTable(images))
  const { pairs, services = [] } = flat
  if (pairs !== undefined) parts.push('### Connectivity', `${verdict({ pairs, services })}.`, table(matrix(pairs)))
  parts.push(phases.map((phase) => `${phase.title} ${seconds(phase.seconds)}`).join(' · '))
  return `${parts.join('\n\n')}\n`
}

/** What post adds: what the cache costs is to be seen as well as what it gains. */
export function savedSummary(
  images: readonly {
    readonly reference: string
    readonly saved: boolean
    readonly seconds: number
    readonly bytes: number
  }[],
): string {
  const rows = images.map((image) => [
    image.reference,
    image.saved ? `${formatBytes(image.bytes)} in ${seconds(image.seconds)}` : 'no, as the log tells',
  ])
  return `${table([['Node image', 'Saved in the cache'], ...rows])}\n`
}

/** What came out of the cache or its registry, and at what cost. */
function imageTable(images: readonly ProvidedImage[]): string {
  const cost = (part?: { readonly seconds: number; readonly bytes: number }) =>
    part === undefined ? '' : `${formatBytes(part.bytes)} in ${seconds(part.seconds)}`
  return table([
    ['Image', 'Restored', 'Loaded', 'Pulled', 'Remark'],
    ...images.map((image) => [
      image.reference,
      cost(image.restored),
      image.from === 'cache' ? seconds(image.seconds - (image.restored?.seconds ?? 0)) : '',
      image.from === 'registry'
        ? `${seconds(image.seconds)}${image.transferred ? ` (${cost(image.transferred)})` : ''}`
        : '',
      remarkOf(image) ?? '',
    ]),
  ])
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
