import { styleText } from 'node:util'

export type Style = (format: Parameters<typeof styleText>[0], text: string) => string

export const noStyle: Style = (_, text) => text

/**
 * Colours, for a terminal that has them and unless the user wants none: NO_COLOR, FORCE_COLOR, TERM=dumb.
 * @see https://nodejs.org/api/tty.html#writestreamgetcolordepthenv
 */
export function styleOf(stream: NodeJS.WriteStream): Style {
  // newer releases of Node would look at standard output, whatever is written to
  return stream.isTTY && stream.hasColors()
    ? (format, text) => styleText(format, text, { validateStream: false })
    : noStyle
}
