import cliTruncate from 'cli-truncate'
import { stripVTControlCharacters } from 'node:util'
import stringWidth from 'string-width'
import type { Log } from '../ports.js'
import { wrapped } from './layout.js'
import { styleOf, type Style } from './style.js'

/** A phase at work, and what each of those at work in it told last. Times are in milliseconds. */
export interface RunningPhase {
  readonly title: string
  readonly started: number
  readonly told: ReadonlyMap<string, { readonly text: string; readonly since: number }>
}

export interface ScreenSize {
  readonly columns: number
  readonly rows: number
}

const spinner = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'
const redrawMilliseconds = 100

/** The lines that stay of phases and messages. */
export function marks(style: Style) {
  const ended = (title: string, milliseconds: number) =>
    `${title} ${style('dim', `(${(milliseconds / 1000).toFixed(1)} s)`)}`
  return {
    begun: (title: string) => `${style('cyan', '▸')} ${title}`,
    done: (title: string, milliseconds: number) => `${style('green', '✓')} ${ended(title, milliseconds)}`,
    failed: (title: string, milliseconds: number) => `${style('red', '✗')} ${ended(title, milliseconds)}`,
    warning: `  ${style('yellow', 'warning:')} `,
  }
}

/** What is redrawn in place: a line for each phase with its seconds, and below it what `toldLines` tells. */
export function liveLines(
  phases: readonly RunningPhase[],
  now: number,
  { columns, rows }: ScreenSize,
  style: Style,
): string[] {
  const mark = style('cyan', spinner[Math.floor(now / redrawMilliseconds) % spinner.length] ?? '')
  // the cursor stands in a line of its own
  const room = Math.floor((rows - 1) / Math.max(1, phases.length)) - 1
  return phases.flatMap((phase) => [
    cliTruncate(`${mark} ${phase.title} ${style('dim', `(${secondsSince(phase.started, now)})`)}`, columns - 1),
    ...toldLines(phase, now, { columns, rows: room }, style),
  ])
}

/**
 * A line for each that told something: its newest text, and the seconds since. Cut to the columns; where there are too
 * many for the rows, those that told something last.
 */
export function toldLines({ told }: RunningPhase, now: number, { columns, rows }: ScreenSize, style: Style): string[] {
  const newest = [...told].sort(([, one], [, other]) => other.since - one.since)
  const shown = new Set(newest.slice(0, told.size > rows ? Math.max(0, rows - 1) : rows).map(([of]) => of))
  const width = Math.min(Math.max(0, ...[...shown].map((of) => stringWidth(oneLine(of)))), Math.floor(columns / 2))
  const lines = [...told]
    .filter(([of]) => shown.has(of))
    .map(([of, { text, since }]) => {
      const name = cliTruncate(oneLine(of), width)
      const seconds = secondsSince(since, now)
      const room = columns - 1 - width - seconds.length - '      '.length
      return [
        ' ',
        `${name}${' '.repeat(Math.max(0, width - stringWidth(name)))}`,
        ` ${cliTruncate(oneLine(text), Math.max(1, room))}`,
        ` ${style('dim', seconds)}`,
      ].join(' ')
    })
  const hidden = told.size - shown.size
  return [...lines, ...(hidden > 0 && rows > 0 ? [style('dim', `  … and ${String(hidden)} more`)] : [])].map((line) =>
    // one column less: a full line is wrapped as soon as the terminal gets narrower
    cliTruncate(line, Math.max(1, columns - 1)),
  )
}

function secondsSince(since: number, now: number): string {
  return `${String(Math.floor((now - since) / 1000))} s`
}

function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
}

/**
 * Progress on a terminal that redraws. Messages stay above what is redrawn. The cursor stays visible: a second Ctrl-C
 * ends the process at once, and nobody would show it again.
 */
export function createLiveLog(stream: NodeJS.WriteStream): Log {
  const style = styleOf(stream)
  const mark = marks(style)
  const running: {
    title: string
    started: number
    told: Map<string, { text: string; since: number }>
    headed: boolean
  }[] = []
  let drawn: readonly string[] = []
  let timer: NodeJS.Timeout | undefined
  // a terminal may not know its size, and says 0
  const size = () => ({ columns: stream.columns || 80, rows: stream.rows || 24 })

  const draw = (...above: readonly string[]) => {
    const { columns, rows } = size()
    // a terminal that got narrower has wrapped what was drawn
    const height = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(stringWidth(line) / columns)), 0)
    drawn = liveLines(running, performance.now(), { columns, rows }, style)
    stream.cork()
    if (height > 0) {
      stream.moveCursor(0, -height)
      stream.cursorTo(0)
      stream.clearScreenDown()
    }
    stream.write([...above, ...drawn].map((line) => `${line}\n`).join(''))
    stream.uncork()
  }
  /** Under a heading, or it would seem to belong to the phase before. Commands, indented or after $, stay whole. */
  const tell = (text: string, first: string) => {
    const lines = text.split('\n').flatMap((line, index) => {
      const before = index === 0 ? first : '  '
      return /^(\s|\$ )/.test(line) ? [before + line] : wrapped(line, ' ', size().columns, before)
    })
    const phase = running.at(-1)
    const headings = phase === undefined || phase.headed ? [] : [mark.begun(phase.title)]
    if (phase !== undefined) phase.headed = true
    draw(...headings, ...lines)
  }
  const begin = (title: string) => {
    const phase = { title, started: performance.now(), told: new Map(), headed: false }
    running.push(phase)
    draw()
    timer ??= setInterval(draw, redrawMilliseconds).unref()
    return phase
  }
  const end = (phase: (typeof running)[number], ...lines: readonly string[]) => {
    running.splice(running.indexOf(phase), 1)
    if (running.length === 0) {
      clearInterval(timer)
      timer = undefined
    }
    draw(...lines)
  }

  return {
    info: (line) => {
      tell(line, '  ')
    },
    warning: (line) => {
      tell(line, mark.warning)
    },
    progress: (of, line) => {
      const phase = running.at(-1)
      if (phase === undefined) tell(`${of}: ${line}`, '  ')
      else phase.told.set(of, { text: line, since: performance.now() })
    },
    async phase(title, work) {
      const phase = begin(title)
      const milliseconds = () => performance.now() - phase.started
      try {
        const result = await work()
        end(phase, mark.done(title, milliseconds()))
        return result
      } catch (error) {
        const { columns } = size()
        const last = toldLines(phase, performance.now(), { columns, rows: phase.told.size }, style)
        end(phase, mark.failed(title, milliseconds()), ...last)
        throw error
      }
    },
  }
}
