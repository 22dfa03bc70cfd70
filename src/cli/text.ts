import stringWidth from 'string-width'
import { shellCommand } from '../errors.js'
import { isSound, serviceFault, type Pair, type ServicePair } from '../plan/connectivity.js'
import type { RunRecord } from '../plan/run-record.js'
import { matrix, outputsOf, pairsByNodes, verdict, type FlatNetwork } from '../report/flat-network.js'
import { aligned, cut, wrapped } from './layout.js'
import type { ListedRun } from './list.js'
import type { Style } from './style.js'

/** Results as lines for a person, within the columns. */

/** Pairs that are not as they should be, told one by one. */
const mostTold = 20

/** Every cluster with its nodes, numbered; the connectivity matrix of these numbers; what is wrong; the verdict. */
export function flatNetworkLines(flat: FlatNetwork, columns: number, style: Style): string[] {
  const { record, pairs, services = [] } = flat
  const clusters = clusterLines(flat, columns, style)
  if (pairs === undefined) return cut(clusters, columns)
  if (pairs.length === 0) return cut([...clusters, '', verdict({ pairs })], columns)
  const broken = pairs.filter((pair) => !isSound(pair, record.preserveSourceIp))
  const unserved = services.filter((pair) => serviceFault(pair) !== undefined)
  const wrong = broken.length + unserved.length
  const told = [
    ...broken.slice(0, mostTold).map(whatIsBroken),
    ...unserved.slice(0, Math.max(0, mostTold - broken.length)).map(whatIsUnserved),
  ]
  return cut(
    [
      ...clusters,
      '',
      ...matrixLines(flat, pairs, columns, style),
      ...told.flatMap((each) => brokenLines(...each, columns, style)),
      ...(wrong > mostTold ? [`  … and ${String(wrong - mostTold)} more; --json tells all`] : []),
      ...wrapped(
        verdict({ pairs, services }),
        ', ',
        columns,
        `${wrong > 0 ? style('red', '✗') : style('green', '✓')} `,
      ),
    ],
    columns,
  )
}

/** A flat network each: its id, state and clusters, then what belongs to it. */
export function runLines(runs: readonly ListedRun[], columns: number, style: Style): string[] {
  const colors = { ready: 'green', unfinished: 'yellow', 'no record': 'dim', 'unreadable record': 'yellow' } as const
  return runs.flatMap(({ run, state, clusters, dockerNetwork, kubeconfig, here }) => [
    ...cut(
      [
        ...wrapped(clusters.join(', '), ', ', columns, `${style('bold', run)}  ${style(colors[state], state)}  `),
        ...(dockerNetwork === undefined ? [] : [`  Docker network  ${dockerNetwork}`]),
      ],
      columns,
    ),
    // a path that is cut is of no use
    ...(kubeconfig === undefined ? [] : [`  kubeconfig      ${kubeconfig}`]),
    ...(here ? [] : cut([style('dim', '  not made here: only down --run removes it')], columns)),
  ])
}

/** The commands to go on with. A path under the home directory begins with ~, which makes it fit in most cases. */
export function howToGoOnLines({ run, kubeconfig }: RunRecord, home: string | undefined): string[] {
  const inHome = `KUBECONFIG=${home ?? ''}/`
  const variable = shellCommand([`KUBECONFIG=${kubeconfig}`])
  const isInHome = home !== undefined && variable.startsWith(inHome)
  return [
    'use it:',
    `  export ${isInHome ? variable.replace(inHome, 'KUBECONFIG=~/') : variable}`,
    'remove it:',
    `  kind-flat-network down --run ${run}`,
  ]
}

function clusterLines(flat: FlatNetwork, columns: number, style: Style): string[] {
  const { clusters } = outputsOf(flat)
  const label = (name: string, values: readonly string[]) => `${style('dim', name)} ${values.join(', ')}`
  const grouped = new Set(clusters.flatMap(({ networks }) => networks)).size > 1
  const heads = clusters.map(({ name, context, podSubnets, serviceSubnets, networks }) => [
    style('bold', name),
    label('context', [context]),
    label('pods', podSubnets),
    label('services', serviceSubnets),
    ...(grouped ? [label('networks', networks)] : []),
  ])
  const numberWidth = String(flat.nodes.length).length
  let number = 0
  const nodes = clusters.map((cluster) =>
    cluster.nodes.map(({ name, addresses, podCIDRs }) => ({
      number: String(++number).padStart(numberWidth),
      name,
      rows: addresses.map((address, index) => [address, label('pods', podCIDRs.slice(index, index + 1))]),
    })),
  )
  const rows = nodes
    .flat()
    .flatMap((node) => node.rows.map((row, index) => [...(index === 0 ? [node.number, node.name] : ['', '']), ...row]))
  const lines = aligned(rows, '  ', [1, 2, 3]).map((line) => `  ${line}`)
  const narrow = lines.some((line) => stringWidth(line) > columns)
  const oneLine = heads.every((cells) => stringWidth(cells.join('  ')) <= columns)
  let shown = 0
  return nodes.flatMap((ofCluster, index) => {
    const head = heads[index] ?? []
    return [
      ...(index === 0 ? [] : ['']),
      ...(oneLine ? [head.join('  ')] : [head.slice(0, 2).join('  '), ...head.slice(2).map((cell) => `  ${cell}`)]),
      ...ofCluster.flatMap((node) =>
        narrow
          ? [
              `  ${node.number}  ${node.name}`,
              ...node.rows.map((row) => `${' '.repeat(4 + numberWidth)}${row.join('  ')}`),
            ]
          : lines.slice(shown, (shown += node.rows.length)),
      ),
    ]
  })
}

/** The forms of a matrix, the widest first: with names, and with latencies. */
const forms = [
  [true, true],
  [false, true],
  [false, false],
] as const

/** The widest form that fits. */
function matrixLines({ record, nodes }: FlatNetwork, pairs: readonly Pair[], columns: number, style: Style): string[] {
  const names = [
    ...new Set([...nodes.map(({ name }) => name), ...pairs.flatMap(({ from, to }) => [from.node, to.node])]),
  ]
  const none = [style('dim', `the matrix of ${String(names.length)} nodes is too wide; --json tells it`)]
  // each takes two columns and more
  if (names.length * 2 > columns) return none
  const between = pairsByNodes(pairs)
  const numbers = names.map((_, index) => String(index + 1))
  const table = (withNames: boolean, withLatencies: boolean) => [
    ...aligned(
      [
        [...(withNames ? [''] : []), '', '│', ...numbers],
        ...names.map((from, index) => [
          numbers[index] ?? '',
          ...(withNames ? [from] : []),
          style('dim', '│'),
          ...names.map((to) => cell(between.get(from)?.get(to) ?? [], record.preserveSourceIp, withLatencies, style)),
        ]),
      ],
      ' ',
      withNames ? [1] : [],
    ),
    style('dim', legend(pairs, withLatencies)),
  ]
  for (const [withNames, withLatencies] of forms) {
    const form = table(withNames, withLatencies)
    if (form.every((line) => stringWidth(line) <= columns)) return form
  }
  return none
}

function cell(pairs: readonly Pair[], preserveSourceIp: boolean, withLatencies: boolean, style: Style): string {
  if (pairs.length === 0) return style('dim', '·')
  const broken = pairs.filter((pair) => !isSound(pair, preserveSourceIp))
  if (broken.length > 0) return style('red', broken.every(({ joined, reachable }) => joined && reachable) ? '≠' : '✗')
  const latencies = pairs.flatMap(({ joined, latency }) =>
    joined && latency !== undefined ? [latency.toFixed(1)] : [],
  )
  if (withLatencies && latencies.length > 0) return latencies.join('/')
  return pairs.some(({ joined }) => joined) ? style('green', '✓') : style('dim', '–')
}

function legend(pairs: readonly Pair[], withLatencies: boolean): string {
  return [
    withLatencies ? 'round trips in ms' : '✓ reachable',
    '· same cluster',
    ...(pairs.some(({ joined }) => !joined) ? ['– apart'] : []),
  ].join(', ')
}

type Broken = readonly [ends: string, seen: string, family: string]

function whatIsBroken(pair: Pair): Broken {
  const [, [, , seen = ''] = []] = matrix([pair])
  return [`${pair.from.node} → ${pair.to.node}`, seen, pair.family]
}

function whatIsUnserved({ from, to, family, reachable }: ServicePair): Broken {
  return [`${from.node} → Services of ${to.cluster}`, reachable ? '✗ reachable' : '✗ no answer', family]
}

function brokenLines(...[ends, seen, family, columns, style]: [...Broken, columns: number, style: Style]): string[] {
  const cells = [ends, `${style('red', seen)} (${family})`]
  const line = `  ${cells.join('  ')}`
  return stringWidth(line) <= columns ? [line] : cells.map((text, index) => `${index === 0 ? '  ' : '    '}${text}`)
}
