import { expect, test } from '@jest/globals'
import { isInContainer } from '../../../src/commands/mountinfo.js'

test.each<[string, string, boolean]>([
  [
    'Docker',
    '92 74 254:0 /var/lib/docker/containers/160e/hostname /etc/hostname rw,relatime - ext4 /dev/vda rw,discard',
    true,
  ],
  ['a pod', '812 790 8:1 /var/lib/kubelet/pods/1f/etc-hosts /etc/hosts rw,relatime - ext4 /dev/sda1 rw', true],
  ['a host', '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw', false],
  [
    'a host that has the files of another root',
    '28 27 254:0 /etc/hosts /rootfs/etc/hosts rw - ext4 /dev/vda rw',
    false,
  ],
  ['no Linux', '', false],
])('in a container, as the mounts of %s tell: %s', (_, line, expected) => {
  expect(isInContainer(`22 27 0:21 / /proc rw,relatime - proc proc rw\n${line}\n`)).toBe(expected)
})
