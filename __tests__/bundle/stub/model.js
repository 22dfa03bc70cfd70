// A Docker engine as files: one JSON file for each object, so that calls at the same time need no lock. An object is
// there from one moment to the next (link), a name is taken once, and a killed call leaves nothing half written.
import { createHash } from 'node:crypto'
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export function openModel(root) {
  const place = (kind, name = '') => join(root, 'engine', kind, name)

  function all(kind) {
    mkdirSync(place(kind), { recursive: true })
    return readdirSync(place(kind))
      .filter((file) => file.endsWith('.json'))
      .sort()
      .flatMap((file) => {
        try {
          return [JSON.parse(readFileSync(place(kind, file), 'utf8'))]
        } catch (error) {
          if (error.code === 'ENOENT') return []
          throw error
        }
      })
  }

  /** Returns false when the name is taken. */
  function add(kind, object) {
    mkdirSync(place(kind), { recursive: true })
    const temporary = place(kind, `${object.name}.${String(process.pid)}`)
    writeFileSync(temporary, JSON.stringify(object))
    try {
      linkSync(temporary, place(kind, `${object.name}.json`))
      return true
    } catch (error) {
      if (error.code === 'EEXIST') return false
      throw error
    } finally {
      rmSync(temporary)
    }
  }

  return {
    all,
    add,
    find: (kind, key) => all(kind).find(({ id, name }) => id === key || name === key),
    remove: (kind, name) => rmSync(place(kind, `${name}.json`), { force: true }),
    newId: (name) =>
      createHash('sha256')
        .update(`${name} ${String(process.pid)} ${String(process.hrtime.bigint())}`)
        .digest('hex'),
    /** The next free number from `least` in a series, for subnets and addresses. */
    claim(series, least) {
      for (let number = least; number < 255; number++) {
        if (add(`numbers/${series}`, { name: String(number) })) return number
      }
      throw new Error(`no number is free in ${series}`)
    },
  }
}

/** A call's answer: what it prints and how it ends. */
export const answer = (stdout = '') => ({ stdout, stderr: '', code: 0 })
export const refusal = (stderr, code = 1, stdout = '') => ({ stdout, stderr: `${stderr}\n`, code })
