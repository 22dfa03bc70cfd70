import type { CommandError } from '../errors.js'
import type { NamedImage } from '../plan/image-loading.js'
import { shorten } from '../shorten.js'

/** Arguments for a node's containerd, and readers of what it prints. */

/**
 * Positional parameters: name and id of each image. An image is there when its name leads to the manifest that the id
 * leads to (containerd's CRI plugin keeps every image under its id too), unpacked: its packed layers may be gone. One
 * that is there under other names gets this name, as `kind load` does it.
 */
const findScript = `
set -euo pipefail
# where kind looks for it: pkg/cluster/nodeutils/util.go, parseSnapshotter
snapshotter=$(containerd config dump | awk -F"[\\"']" '
  /^ *\\[/ { images = /^ *\\[plugins\\..io\\.containerd\\.(grpc\\.v1\\.cri.\\.containerd|cri\\.v1\\.images.)\\]/ }
  images && /^ *snapshotter *=/ { print $2 }')
filters=()
for word in "$@"; do filters+=("name==$word"); done
known=$(ctr --namespace=k8s.io images check --snapshotter="$snapshotter" "\${filters[@]}")
unpacked() { awk -v name="$1" '$1 == name && $NF == "true" { print $3 }' <<<"$known"; }
missing=()
while (($#)); do
  digest=$(unpacked "$1") wanted=$(unpacked "$2")
  if [[ -n $digest && ( $digest == "$2" || $digest == "$wanted" ) ]]; then
    :
  elif [[ -n $wanted ]]; then
    ctr --namespace=k8s.io images tag --force "$2" "$1" >/dev/null
  else
    missing+=("$1")
  fi
  shift 2
done
((\${#missing[@]})) || exit 0
`

const reportScript = `${findScript}
printf '%s\\n' "\${missing[@]}"
`

/**
 * As `kind load` imports: pkg/cluster/nodeutils/util.go, LoadImageArchive. A file costs a quarter less than a stream. The
 * first parameter is its path; it is there where the node shares the directory.
 */
const importScript = `
archive=$1
shift
[[ -r $archive ]] || archive=-
${reportScript}
ctr --namespace=k8s.io images import --all-platforms --digests --snapshotter="$snapshotter" "$archive" >/dev/null
`

/** Prints the names of those images that a node lacks, one a line. */
export function findImagesOn(node: string, images: readonly NamedImage[]): string[] {
  return ['docker', 'exec', node, ...bash(reportScript, images)]
}

/**
 * The same, and imports the archive when one is lacking.
 * @param file path of the archive on the node; where there is none it comes by standard input
 */
export function importImages(node: string, images: readonly NamedImage[], file: string): string[] {
  return ['docker', 'exec', '--interactive', node, ...bash(importScript, images, file)]
}

function bash(script: string, images: readonly NamedImage[], ...before: readonly string[]): string[] {
  return ['bash', '-c', script, 'bash', ...before, ...images.flatMap(({ name, id }) => [name, id])]
}

/**
 * The file of an archive that lists its images.
 * @param stopsEarly does not read what comes after it; GNU's tar alone knows how
 */
export function readFromArchive(archive: string, file: string, stopsEarly: boolean): string[] {
  return ['tar', ...(stopsEarly ? ['--occurrence=1'] : []), '-xOf', archive, file]
}

/** Whether another tar than GNU's refused to stop early. */
export function cannotStopEarly(output: string): boolean {
  return /option.*occurrence/i.test(output)
}

/** Why tar read nothing; `undefined` where the archive has no such file. */
export function whyNotRead({ outcome, output }: Pick<CommandError, 'outcome' | 'output'>): string | undefined {
  // what it had read of the file until then stands before its words, in the same line even
  const lines = output.split('\n').flatMap((line) => /\b(?:gzip|(?:bsd)?tar(?: \(child\))?): .*/.exec(line)?.[0] ?? [])
  if (lines.length === 0) return `tar: ${outcome}`
  const why = lines.find(
    (line) => !/not found in archive|exiting with failure|error exit delayed|lone zero block/i.test(line),
  )
  return why === undefined ? undefined : shorten(why)
}
