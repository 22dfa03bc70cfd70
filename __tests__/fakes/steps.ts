/** Methods of arrays that look at one element after the other, until they have found what they look for. */
const withCallback = ['every', 'filter', 'find', 'findIndex', 'findLast', 'flatMap', 'forEach', 'map', 'some'] as const
const searching = ['includes', 'indexOf'] as const

type Callback = (element: unknown, ...rest: unknown[]) => unknown
type Methods = Record<string, (this: unknown[], first: unknown, ...rest: unknown[]) => unknown>

let steps = 0

/** An object of which each look at a property is a step, in whatever loop. */
export function watched<T extends object>(object: T): T {
  return new Proxy(object, {
    get(target, name, receiver): unknown {
      steps++
      return Reflect.get(target, name, receiver)
    },
  })
}

/**
 * How many elements of arrays, and properties of objects that are watched, are looked at while something is done: a
 * measure that no machine's speed changes.
 */
export async function stepsOf(work: () => unknown): Promise<number> {
  const methods = Array.prototype as unknown as Methods
  const originals = Object.fromEntries([...withCallback, ...searching].map((name) => [name, methods[name]])) as Methods
  steps = 0
  for (const name of withCallback) {
    methods[name] = function (callback, ...rest) {
      const counting: Callback = (...of) => {
        steps++
        return (callback as Callback)(...of)
      }
      return originals[name]?.call(this, counting, ...rest)
    }
  }
  for (const name of searching) {
    methods[name] = function (...of) {
      steps += this.length
      return originals[name]?.call(this, ...of)
    }
  }
  try {
    await work()
    return steps
  } finally {
    Object.assign(methods, originals)
  }
}
