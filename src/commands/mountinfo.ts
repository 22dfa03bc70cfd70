/** Readers of `/proc/self/mountinfo`. proc_pid_mountinfo(5): the fourth field is the root of a mount, the fifth where it is mounted. */

/** Files that whoever runs containers mounts into each. */
const ownFiles = String.raw`\/etc\/(hostname|hosts|resolv\.conf) `

/** Whether this process is in a container of whatever kind. */
export function isInContainer(mountinfo: string): boolean {
  return new RegExp(String.raw`^(?:\S+ ){4}${ownFiles}`, 'm').test(mountinfo)
}

/**
 * The container whose files Docker has mounted in `/etc`: those of the container whose network it is, also where several
 * share one (moby, `daemon/container_operations_unix.go`). The mounts that a host has of its containers lie elsewhere.
 */
export function mountedContainer(mountinfo: string): string | undefined {
  const pattern = String.raw`^(?:\S+ ){3}\S*\/containers\/([0-9a-f]{64})\/\S+ ${ownFiles}`
  return new RegExp(pattern, 'm').exec(mountinfo)?.[1]
}
