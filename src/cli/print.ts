import Table from 'cli-table3'
import { matrix, outputsOf, verdict, type FlatNetwork } from '../report/flat-network.js'

/** Results for a person: clusters, matrix, verdict. */
export function printFlatNetwork(flat: FlatNetwork): void {
  const { clusters } = outputsOf(flat)
  const rows = clusters.flatMap(({ context, podSubnets, serviceSubnets, nodes }) =>
    nodes.map((node, index) => [
      ...(index === 0 ? [context, podSubnets.join('\n'), serviceSubnets.join('\n')] : ['', '', '']),
      node.name,
      node.addresses.join('\n'),
      node.podCIDRs.join('\n'),
    ]),
  )
  print(table([['context', 'pod subnet', 'service subnet', 'node', 'address', 'podCIDR'], ...rows]))
  if (flat.pairs === undefined) return
  if (flat.pairs.length > 0) print(table(matrix(flat.pairs)))
  print(verdict(flat.pairs))
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2))
}

function table([head = [], ...rows]: string[][]): string {
  const lines = new Table({ head, style: { head: [], border: [], compact: true } })
  lines.push(...rows)
  return lines.toString()
}
