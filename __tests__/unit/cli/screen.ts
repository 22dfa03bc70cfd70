/** A terminal that holds what was written to it, without wrapping; the test fails a line that is too wide. */
export class Screen {
  readonly isTTY = true
  lines: string[] = ['']
  /** What was written, in order. */
  written = ''
  draws = 0
  private row = 0

  constructor(
    public columns: number,
    readonly rows = 24,
    private readonly colors = false,
  ) {}

  hasColors(): boolean {
    return this.colors
  }

  cork(): void {
    this.draws++
  }

  uncork(): void {
    // nothing was held back
  }

  cursorTo(): boolean {
    return true
  }

  moveCursor(_: number, down: number): boolean {
    this.row += down
    return true
  }

  clearScreenDown(): boolean {
    this.lines = [...this.lines.slice(0, this.row), '']
    return true
  }

  write(text: string): boolean {
    this.written += text
    const [first = '', ...rest] = text.split('\n')
    this.lines = [...this.lines.slice(0, this.row), `${this.lines[this.row] ?? ''}${first}`, ...rest]
    this.row += rest.length
    return true
  }

  stream(): NodeJS.WriteStream {
    return this as unknown as NodeJS.WriteStream
  }

  /** The lines with the seconds, which differ, left out. */
  shown(): string[] {
    return this.lines.slice(0, -1).map((line) => line.replace(/\(\d+\.\d s\)/, '(… s)'))
  }
}
