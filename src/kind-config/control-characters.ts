/** What a YAML file cannot have ("c-printable" of YAML 1.2; go.yaml.in/yaml/v3, `readerc.go`), halves of pairs included. */
const control = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu

/** The first such character of a text, with its line. */
export function controlCharacterIn(text: string): { readonly escape: string; readonly line: number } | undefined {
  const index = text.search(control)
  if (index < 0) return undefined
  return { escape: escapeOf(text.charAt(index)), line: text.slice(0, index).split('\n').length }
}

/** The text in double quotes, as YAML and JSON take it. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(control, escapeOf)
}

/** `\u007f` */
function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
