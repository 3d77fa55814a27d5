/** Whoever waits for a signal: of many, one listens, for Node warns of more than ten. */
const waiting = new WeakMap<AbortSignal, { all: Set<() => void>; tell: () => void }>()

/** @internal Calls this when the signal says so, until what is returned is called. */
export function onAbort(signal: AbortSignal, abort: () => void): () => void {
  const { all, tell } = waiting.get(signal) ?? begun(signal)
  all.add(abort)
  return () => {
    if (!all.delete(abort) || all.size > 0) return
    waiting.delete(signal)
    signal.removeEventListener('abort', tell)
  }
}

function begun(signal: AbortSignal) {
  const all = new Set<() => void>()
  const group = { all, tell: () => all.forEach((one) => one()) }
  waiting.set(signal, group)
  signal.addEventListener('abort', group.tell, { once: true })
  return group
}

/**
 * @internal A promise that is rejected as soon as the signal says so. Work that has begun goes on: whoever asks later sees what became of it.
 */
export async function until<T>(signal: AbortSignal | undefined, begin: () => Promise<T>): Promise<T> {
  if (signal === undefined) return begin()
  signal.throwIfAborted()
  const work = begin()
  if (signal.aborted) {
    // It was the work that ended it: a listener would hear nothing.
    work.catch(() => {})
    throw signal.reason
  }
  return new Promise<T>((resolve, reject) => {
    const over = onAbort(signal, () => reject(signal.reason))
    work.then(resolve, reject).finally(over)
  })
}
