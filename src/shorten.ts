/** As much of a value as a message shows. */
const mostCharacters = 200

/** The text, or its beginning where it is long. */
export function shorten(text: string, most = mostCharacters): string {
  return text.length > most ? `${text.slice(0, most)}…` : text
}
