/** What people and logs see of addresses: user, password and query may be secret. */

/** A scheme in front of its `://`. Bounded, so that a long run of letters is not searched again for each of them. */
const scheme = /[a-z][a-z0-9+.-]{0,40}$/i
const longestScheme = 41
const word = /^[^\s"<>`]*/
/** Words in which a login without a scheme may stand. */
const plainWords = /[^\s"']+/g
const mask = '***'

/** The text with `***` for user and password, and for the query, of every address: `https://***@host/path?***`. */
export function maskSecrets(text: string): string {
  return text
    .split('\n')
    .map((line) => partsOf(line).map(masked).join(''))
    .join('\n')
}

/** Inputs, settings of clusters and settings of kind configs whose value is an address: of a mirror or of an image. */
const addressNames = /(^|[.: ])(download-mirror|registry-mirror|registry-image|node-image|images?)(\[\d+\])?$/

/** Whether the value of an input or a setting is an address: `clusters[0].node-image`. */
export function isAddressName(name: string): boolean {
  return addressNames.test(name)
}

interface AddressParts {
  readonly scheme: string
  /** What stands before the last @, but for that of a digest. */
  readonly login: string
  readonly host: string
  /** What stands behind the first ? or #. */
  readonly query: string
}

/** Reads an address, which need not be a right one, so that login and query may overlap; a path is all host. */
function partsOfAddress(text: string): AddressParts {
  if (/^\.{0,2}\/(?!\/)/.test(text)) return { scheme: '', login: '', host: text, query: '' }
  const [name = ''] = /^[a-z][a-z0-9+.-]{0,40}:\/\//i.exec(text) ?? []
  const rest = text.slice(name.length)
  const at = lastAtIn(rest)
  const sign = rest.search(/[?#]/)
  return {
    scheme: name,
    login: rest.slice(0, Math.max(0, at)),
    host: rest.slice(at + 1, sign < 0 ? undefined : sign),
    query: sign < 0 ? '' : rest.slice(sign + 1),
  }
}

/**
 * A value that is an address, right or wrong, as `maskSecrets` shows one. No scheme is needed: whatever may belong to a
 * login or to a query is masked.
 */
export function maskAddress(text: string): string {
  const { scheme: name, login, host, query } = partsOfAddress(text)
  if (/[?#]/.test(login)) return name + mask
  const sign = text.at(-1 - query.length) ?? ''
  return `${name}${login && `${mask}@`}${host}${/[?#]/.test(sign) ? sign : ''}${query && mask}`
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
 * What must not be seen of the logins in a text, as written and decoded: the password of each, or the user of a web
 * address without one, which is a token.
 */
export function secretsIn(text: string): string[] {
  const parts = text.split('\n').flatMap(partsOf)
  return listed(
    parts.flatMap((part) => {
      if (part.address === undefined) return passwordsIn(part.text)
      const { scheme: name, rest } = part.address
      const { user, password } = loginOf(rest.slice(0, endOfLogin(part.address)))
      return password === '' && /^https?:/i.test(name) ? [user] : [password]
    }),
  )
}

function passwordsIn(text: string): string[] {
  return [...text.matchAll(plainWords)].flatMap(([each]) => {
    const login = loginIn(each)
    return login === undefined ? [] : [each.slice(login.colon + 1, login.end)]
  })
}

/** What is shorter stands in too many texts of a job, and is no secret. */
const shortestSecret = 4

/** What must not be seen of a value that is an address, right or wrong: its password or token, and its query. */
function secretsInAddress(text: string): string[] {
  const { scheme: name, login, query } = partsOfAddress(text)
  const { user, password } = loginOf(login.replace(/^\/+/, ''))
  const values = query.split(/[&;?#]/).map((part) => part.slice(part.indexOf('=') + 1))
  const ofQuery = [query, ...values].filter(isLong)
  // in the path of a right address, an @ ends no login
  if (name !== '' && URL.canParse(text)) return listed([...secretsIn(text), ...ofQuery])
  // where the first colon is that of half a scheme, the password is behind the last
  const ofLogin = password === '' ? [user] : [password, password.slice(password.lastIndexOf(':') + 1)]
  return listed([...ofLogin.filter(isLong), ...ofQuery])
}

function isLong({ length }: string): boolean {
  return length >= shortestSecret
}

/** What must not be seen of the inputs, each under its name. */
export function secretsInInputs(inputs: Readonly<Record<string, string | undefined>>): string[] {
  const secrets = Object.entries(inputs).flatMap(([name, value = '']) => {
    if (!isAddressName(name)) return secretsIn(value)
    // of images, each line is one
    return (name === 'images' ? value.split('\n') : [value]).flatMap((each) => secretsInAddress(each.trim()))
  })
  return [...new Set(secrets)]
}

function loginOf(text: string): { user: string; password: string } {
  const colon = text.indexOf(':')
  return colon < 0 ? { user: text, password: '' } : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** Each once, as written and decoded. */
function listed(secrets: readonly string[]): string[] {
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
  // looked for once: a line may hold many addresses
  const lastAt = line.lastIndexOf('@')
  let end = 0
  for (let found = line.indexOf('://'); found >= 0; found = line.indexOf('://', Math.max(end, found + 1))) {
    const [name = ''] = scheme.exec(line.slice(Math.max(end, found - longestScheme), found)) ?? []
    if (name === '') continue
    const start = found + '://'.length
    const address = { scheme: `${name}://`, rest: line.slice(start, endOfAddress(`${name}://`, line, start, lastAt)) }
    parts.push({ text: line.slice(end, found - name.length) }, { address })
    end = start + address.rest.length
  }
  return [...parts, { text: line.slice(end) }]
}

/** A password that was not encoded may hold anything: then the login goes on to the last @ of the line. */
function endOfAddress(name: string, line: string, start: number, lastAt: number): number {
  const wordAt = (index: number) => word.exec(line.slice(index))?.[0] ?? ''
  const seen = wordAt(start)
  const end = start + seen.length
  if (URL.canParse(name + seen) || !seen.includes(':') || lastAt < end) return end
  return lastAt + wordAt(lastAt).length
}

/** Where user and password end; 0 where there are none. */
function endOfLogin({ scheme: name, rest }: Address): number {
  const authority = URL.canParse(name + rest) ? (rest.split('/')[0] ?? '') : rest
  return Math.max(0, authority.lastIndexOf('@'))
}

function masked({ text, address }: Part & { readonly text?: string }): string {
  if (address === undefined) return (text ?? '').replace(plainWords, maskedWord)
  const end = endOfLogin(address)
  const withoutLogin = end === 0 ? address.rest : mask + address.rest.slice(end)
  return address.scheme + withoutLogin.replace(/\?([^#]*)/, maskedQuery)
}

/** `user:password@host` without a scheme. */
function maskedWord(text: string): string {
  const login = loginIn(text)
  return login === undefined ? text : text.slice(0, login.start) + mask + text.slice(login.end)
}

/**
 * Where user and password stand in a word. A user may be a mail address. What stands before the digest of an image is
 * not a login, nor is a part of a path. The word is read once: it may be long.
 */
function loginIn(text: string): { readonly start: number; readonly colon: number; readonly end: number } | undefined {
  const end = lastAtIn(text)
  for (const { index, 0: name } of text.slice(0, Math.max(0, end)).matchAll(/[^/:]+/g)) {
    const colon = index + name.length
    if (text[colon] !== ':' || colon + 1 >= end) continue
    const start = index === 0 ? 0 : index + name.search(/[^\w.@-]/) + 1
    if (start < colon && (index === 0 || start > index)) return { start, colon, end }
  }
  return undefined
}

/** The last @ that no digest follows; -1 where there is none. */
function lastAtIn(text: string): number {
  const at = text.lastIndexOf('@')
  return at >= 0 && /^sha\d+:/.test(text.slice(at + 1, at + 10)) ? text.lastIndexOf('@', at - 1) : at
}

/** What ends the sentence around an address is not a part of it. */
function maskedQuery(written: string, query: string): string {
  const tail = /(?<![)\]}',;:.!?])[)\]}',;:.!?]*$/.exec(query)?.[0] ?? ''
  return tail.length === query.length ? written : `?${mask}${tail}`
}
