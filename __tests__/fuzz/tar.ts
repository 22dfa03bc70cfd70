import { Buffer } from 'node:buffer'

/** A member of a tar archive; `size` may be another than it has. */
export interface Member {
  readonly name: string
  readonly content: string
  /** A file, a link, or a directory. */
  readonly type?: '0' | '1' | '2' | '5'
  readonly link?: string
  readonly size?: number
}

const block = 512

/** A tar archive (POSIX ustar), as `docker image save` writes it. */
export function tarOf(members: readonly Member[]): Buffer {
  const parts = members.flatMap((member) => {
    const content = Buffer.from(member.content)
    return [header(member, content.length), content, Buffer.alloc((block - (content.length % block)) % block)]
  })
  return Buffer.concat([...parts, Buffer.alloc(2 * block)])
}

function header({ name, type = '0', link = '', size }: Member, length: number): Buffer {
  const bytes = Buffer.alloc(block)
  const octal = (number: number, digits: number) => number.toString(8).padStart(digits, '0')
  bytes.write(name.slice(0, 99), 0)
  bytes.write(`${octal(0o644, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`, 100)
  bytes.write(`${octal(size ?? length, 11)}\0${octal(0, 11)}\0`, 124)
  bytes.write(' '.repeat(8), 148)
  bytes.write(type, 156)
  bytes.write(link.slice(0, 99), 157)
  bytes.write('ustar\x0000', 257)
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${octal(sum, 6)}\0 `, 148)
  return bytes
}
