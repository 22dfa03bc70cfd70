/** What people and logs see of addresses: user, password and query may be secret. */

const scheme = /[a-z][a-z0-9+.-]*:\/\//i
const word = /^[^\s"<>`]*/
const mask = '***'

/** `user:password@host` without a scheme; the tag before the digest of an image looks the same. */
const login = /(?<![\w/:.@-])[^\s"'/:@]{1,200}:[^\s"'@]{1,1000}@(?!sha\d+:)/g

/** The text with `***` for user and password, and for the query, of every address: `https://***@host/path?***`. */
export function maskSecrets(text: string): string {
  return text
    .split('\n')
    .map((line) => partsOf(line).map(masked).join(''))
    .join('\n')
}

/** The value with the secrets of all its texts masked. */
export function maskSecretsIn<T>(value: T): T
export function maskSecretsIn(value: unknown): unknown {
  if (typeof value === 'string') return maskSecrets(value)
  if (Array.isArray(value)) return value.map((each) => maskSecretsIn<unknown>(each))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, maskSecretsIn<unknown>(each)]))
}

/**
 * What must not be seen of the addresses in a text, as written and decoded: the password of each, or the user of a web
 * address without one, which is a token.
 */
export function secretsIn(text: string): string[] {
  const addresses = text.split('\n').flatMap((line) => partsOf(line).flatMap(({ address }) => address ?? []))
  const secrets = addresses.flatMap((address) => {
    const [, user = '', password = ''] = /^([^:]*):?(.*)$/.exec(address.rest.slice(0, endOfLogin(address))) ?? []
    return password === '' && /^https?:/i.test(address.scheme) ? [user] : [password]
  })
  return [...new Set(secrets.flatMap((secret) => [secret, decoded(secret)]))].filter((secret) => secret !== '')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

interface Address {
  readonly scheme: string
  readonly rest: string
}

/** A stretch of a line: text, or an address. */
type Part = { readonly text: string; readonly address?: never } | { readonly address: Address }

function partsOf(line: string): Part[] {
  const parts: Part[] = []
  let left = line
  for (let found = scheme.exec(left); found !== null; found = scheme.exec(left)) {
    const [name] = found
    const after = left.slice(found.index + name.length)
    const rest = after.slice(0, endOfAddress(name, after))
    parts.push({ text: left.slice(0, found.index) }, { address: { scheme: name, rest } })
    left = after.slice(rest.length)
  }
  return [...parts, { text: left }]
}

/** A password that was not encoded may hold anything: then the login goes on to the last @ of the line. */
function endOfAddress(name: string, after: string): number {
  const [seen = ''] = word.exec(after) ?? []
  const at = after.lastIndexOf('@')
  if (URL.canParse(name + seen) || !seen.includes(':') || at < seen.length) return seen.length
  return at + (word.exec(after.slice(at))?.[0].length ?? 0)
}

/** Where user and password end; 0 where there are none. */
function endOfLogin({ scheme: name, rest }: Address): number {
  const authority = URL.canParse(name + rest) ? (rest.split('/')[0] ?? '') : rest
  return Math.max(0, authority.lastIndexOf('@'))
}

function masked({ text, address }: Part & { readonly text?: string }): string {
  if (address === undefined) return (text ?? '').replace(login, `${mask}@`)
  const end = endOfLogin(address)
  const withoutLogin = end === 0 ? address.rest : mask + address.rest.slice(end)
  return address.scheme + withoutLogin.replace(/\?([^#]*)/, maskedQuery)
}

/** What ends the sentence around an address is not a part of it. */
function maskedQuery(written: string, query: string): string {
  const tail = /[)\]}',;:.!?]*$/.exec(query)?.[0] ?? ''
  return tail.length === query.length ? written : `?${mask}${tail}`
}
