import type { CommandError } from '../errors.js'

/** What kubectl's failure says of another try of the same command. */
export type Outlook =
  /** It may succeed: the API server does not answer, or not yet; or nobody knows. */
  | 'may get better'
  /** A user has no right to it, which an API server also says while it is reading the rights of all users. */
  | 'is forbidden'
  /** It fails each time. */
  | 'is final'

/** Reasons of the API server that a request cannot outlast (apimachinery, `pkg/apis/meta/v1/types.go`, `StatusReason`). */
const finalReasons = [
  'AlreadyExists',
  'BadRequest',
  'Conflict',
  'Forbidden',
  'Invalid',
  'MethodNotAllowed',
  'NotAcceptable',
  'RequestEntityTooLarge',
  'Unauthorized',
  'UnsupportedMediaType',
]

/** As kubectl words them (kubectl, `pkg/cmd/util/helpers.go`; client-go, `tools/clientcmd`). */
const finalTexts = new RegExp(
  [
    `^Error from server \\((${finalReasons.join('|')})\\)`,
    '^The \\S+ ".*" is invalid',
    '^error: (unknown|flag needs|invalid argument|error parsing|error validating)',
    '^error: (stat |error loading config|invalid configuration|context ".*" does not exist|no configuration)',
    '^error in configuration: ',
    '^error: You must be logged in to the server',
    // another server answers at the address
    'x509: ',
  ].join('|'),
  'im',
)

/** Reasons that are given for one of these refusals as long as the API server or a webhook is starting. */
const startingTexts =
  /not yet ready to handle request|RBAC: .* not found|being terminated|failed calling webhook|failed to download openapi/

export function outlookOf({ outcome, output }: CommandError): Outlook {
  if (/^no such program|EACCES/.test(outcome)) return 'is final'
  if (/denied the request/.test(output)) return 'is final'
  if (startingTexts.test(output) || !finalTexts.test(output)) return 'may get better'
  return /is forbidden: User ".*" cannot /.test(output) ? 'is forbidden' : 'is final'
}

/** Whether a change was refused because somebody else has changed the object since it was read. */
export function isConflict({ output }: CommandError): boolean {
  return /^Error from server \(Conflict\)/m.test(output)
}
