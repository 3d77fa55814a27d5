/** Lets calls of the pool go in the order in which they were made: one after the other, whatever became of the one before. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<T>(call: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(call, call)
    this.#last = turn
    // Whoever has made the call is told; who comes next only waits.
    turn.catch(() => {})
    return turn
  }
}
