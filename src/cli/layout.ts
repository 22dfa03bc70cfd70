import cliTruncate from 'cli-truncate'
import stringWidth from 'string-width'

/** Lines within a terminal's columns, by what a terminal shows of them: emoji are wide, escape codes are nothing. */

/** Columns below each other, the cells to the right but for those of the columns named. */
export function aligned(rows: readonly (readonly string[])[], gap: string, left: readonly number[]): string[] {
  const measured = rows.map((row) => row.map((cell) => ({ cell, width: stringWidth(cell) })))
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...measured.map((row) => row[index]?.width ?? 0)))
  return measured.map((row) =>
    row
      .map(({ cell, width }, index) => {
        const padding = ' '.repeat((widths[index] ?? 0) - width)
        return left.includes(index) ? cell + padding : padding + cell
      })
      .join(gap)
      .trimEnd(),
  )
}

/** A text broken at its separators, behind a mark, in as many lines as it needs. */
export function wrapped(text: string, separator: string, columns: number, mark: string): string[] {
  const indent = ' '.repeat(stringWidth(mark))
  const parts = text.split(separator)
  const lines: string[] = []
  let line = mark
  parts.forEach((part, index) => {
    const next = index < parts.length - 1 ? part + separator : part
    if (index > 0 && stringWidth(line + next.trimEnd()) > columns) {
      lines.push(line.trimEnd())
      line = indent
    }
    line += next
  })
  return [...lines, line.trimEnd()]
}

/** What is too wide is cut. */
export function cut(lines: readonly string[], columns: number): string[] {
  return lines.map((line) => cliTruncate(line, columns))
}
