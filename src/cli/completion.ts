import type { Command, Option } from 'commander'
import { SuggestingOption, type Suggestions } from './options.js'

/** The shells that there is a completion for. */
export const shells = ['bash', 'zsh'] as const

/**
 * A script by which a shell completes commands, options and their values. It holds all there is to suggest and starts
 * no program: that would take longer than a person waits for a Tab.
 */
export function completionScript(shell: (typeof shells)[number], root: Command): string {
  const commands = root.createHelp().visibleCommands(root)
  return (shell === 'bash' ? bash : zsh)(root, commands)
}

function optionsOf(command: Command): Option[] {
  return command.createHelp().visibleOptions(command)
}

function flagsOf({ short, long }: Option): string[] {
  return [short, long].flatMap((flag) => flag ?? [])
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional
}

function suggestionsOf(option: Option): Suggestions {
  return option instanceof SuggestingOption ? option.suggestions : []
}

/** What can follow a command: the names that its argument can have. */
function namesAfter(command: Command, commands: readonly Command[]): readonly string[] {
  if (command.name() === 'help') return commands.map((each) => each.name())
  return command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices)
}

/** Needs neither the package bash-completion nor anything newer than bash 4. */
function bash(root: Command, commands: readonly Command[]): string {
  const name = root.name()
  const cases = new Map<string, string[]>()
  for (const option of commands.flatMap(optionsOf).filter(takesValue)) {
    const suggestions = suggestionsOf(option)
    const action =
      suggestions === 'files'
        ? 'compopt -o default; return'
        : suggestions === 'runs'
          ? 'words=$(_kind_flat_network_runs)'
          : `words='${suggestions.join(' ')}'`
    cases.set(action, [...new Set([...(cases.get(action) ?? []), ...flagsOf(option)])])
  }
  const words = (command: Command) => optionsOf(command).flatMap(flagsOf).join(' ')
  const after = commands.map((command) => [command, namesAfter(command, commands)] as const)
  return `# bash completion of ${name}

_kind_flat_network_runs() {
  local directory state=$XDG_STATE_HOME
  [[ $state == /* ]] || state=$HOME/.local/state
  for directory in "$state"/kind-flat-network/*/; do
    directory=\${directory%/}
    [[ \${directory##*/} =~ ^[0-9a-f]{8}$ ]] && echo "\${directory##*/}"
  done
}

_kind_flat_network() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} words=
  # readline takes --option=value for three words
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    words='${commands.map((command) => command.name()).join(' ')} ${words(root)}'
  else
    case \${COMP_WORDS[1]} in
${commands.map((command) => `      ${command.name()}) words='${words(command)}' ;;`).join('\n')}
    esac
    if [[ $current != -* ]]; then
      case \${COMP_WORDS[1]} in
${after.flatMap(([command, names]) => (names.length === 0 ? [] : `        ${command.name()}) words='${names.join(' ')}' ;;`)).join('\n')}
      esac
      case $previous in
${[...cases].map(([action, flags]) => `        ${flags.join(' | ')}) ${action} ;;`).join('\n')}
      esac
    fi
  fi
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$words" -- "$current")
}

complete -F _kind_flat_network ${name}
`
}

/** Can be sourced, or lie as `_kind-flat-network` in a directory of fpath. */
function zsh(root: Command, commands: readonly Command[]): string {
  const name = root.name()
  const specs = (options: readonly Option[], indent: string) => options.map((option) => `${indent}${spec(option)}`)
  const branches = commands.flatMap((command) => {
    const names = namesAfter(command, commands)
    const argument = names.length === 0 ? [] : [`            '1: :(${names.join(' ')})'`]
    const lines = [...specs(optionsOf(command), '            '), ...argument]
    return [`        ${command.name()})`, '          _arguments \\', `${lines.join(' \\\n')}`, '          ;;']
  })
  return `#compdef ${name}

_kind_flat_network_runs() {
  local state=$XDG_STATE_HOME
  [[ $state == /* ]] || state=$HOME/.local/state
  local -a runs=($state/kind-flat-network/*(N/:t))
  _describe 'flat network' runs
}

_kind_flat_network() {
  local curcontext=$curcontext state state_descr line
  local -A opt_args
  local -a commands=(
${commands.map((command) => `    ${quoted(`${command.name()}:${command.description()}`)}`).join('\n')}
  )
  _arguments -C \\
${specs(optionsOf(root), '    ').join(' \\\n')} \\
    '1: :->command' \\
    '*:: :->rest'
  case $state in
    command) _describe command commands ;;
    rest)
      case $line[1] in
${branches.join('\n')}
      esac
      ;;
  esac
}

if [[ $funcstack[1] == _kind_flat_network ]]; then
  _kind_flat_network "$@"
else
  compdef _kind_flat_network ${name}
fi
`
}

/** How `_arguments` is told of an option: zsh, "Completion Functions", `_arguments`. */
function spec(option: Option): string {
  const flags = flagsOf(option)
  const told = `[${option.description.replace(/[[\]\\]/g, '\\$&')}]`
  const value = takesValue(option) ? valueSpec(option) : ''
  const forms = flags.map((flag) => (value === '' ? flag : flag.startsWith('--') ? `${flag}=` : `${flag}+`))
  const [only = ''] = forms
  return forms.length === 1
    ? quoted(`${only}${told}${value}`)
    : `'(${flags.join(' ')})'{${forms.join(',')}}${quoted(`${told}${value}`)}`
}

function valueSpec(option: Option): string {
  const suggestions = suggestionsOf(option)
  const action =
    suggestions === 'files'
      ? '_files'
      : suggestions === 'runs'
        ? '_kind_flat_network_runs'
        : suggestions.length === 0
          ? ' '
          : `(${suggestions.join(' ')})`
  return `${option.optional ? '::' : ':'}${option.flags.replace(/^.*[<[](.*)[>\]]$/, '$1')}:${action}`
}

/** A word of the shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
