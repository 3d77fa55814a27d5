// Streams of the web, with the types of Node alone and with those of a browser beside.

import type { Scope } from 'portward'

declare const scope: Scope
const of = { name: 'a', id: '1' }
const sealed = new Blob(['x']).stream().pipeThrough(scope.sealWebStream({ ...of, embedded: true }))
const opened = sealed.pipeThrough(scope.openWebStream({ ...of, progress: (bytes) => bytes.toFixed() }))
const text: Promise<string> = new Response(opened).text()
for await (const bytes of new Response('x').body?.pipeThrough(scope.sealWebStream(of)) ?? []) bytes.byteLength.toFixed()

export { text }
