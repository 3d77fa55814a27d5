// For an application in another process: the vectors of HTTP by their numbers, each with what its portal is made of.

import { Portal } from 'portward'
import { standIn } from './peeking.mjs'
import { fixtures, load } from './vectors.mjs'

const vectors = load('http')
const made = fixtures(vectors)

export function ask(number) {
  const vector = vectors.cases[number]
  return { vector, options: { portal: new Portal(vector.origin, { path: vector.path }), ...standIn(made, vector) } }
}
