/** As much of a value as a message shows. */
const mostCharacters = 200

/** The text, or its beginning where it is long. */
export function shorten(text: string, most = mostCharacters): string {
  return text.length > most ? `${text.slice(0, most)}…` : text
}

/** As many names as a message lists. */
const mostListed = 10

/** The items, or the first of them and how many more there are. */
export function shortenList(items: readonly string[]): string {
  const more = items.length - mostListed
  return more > 0 ? `${items.slice(0, mostListed).join(', ')} and ${String(more)} more` : items.join(', ')
}
