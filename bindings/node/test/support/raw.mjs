// Requests byte for byte, over a socket: what clients would clean up arrives as it is.

import { connect } from 'node:net'
import { createServer } from 'node:http'
import { bytesOf } from './vectors.mjs'

/** A server of Node whose handler can be changed. */
export async function server() {
  const state = { handler: undefined }
  const http = createServer((request, response) => state.handler(request, response))
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve))
  const close = () => new Promise((resolve) => http.close(resolve))
  const { port } = http.address()
  return { state, port, close, send: (request) => send(port, request) }
}

export function bodyOf(request) {
  return typeof request.body === 'string' ? Buffer.from(request.body) : bytesOf(request.body)
}

export function send(port, request) {
  const body = bodyOf(request)
  const lines = [`${request.method} ${request.target} HTTP/1.1`, ...request.headers.map(([name, value]) => `${name}: ${value}`)]
  const names = request.headers.map(([name]) => name.toLowerCase())
  if (!names.includes('content-length') && body.length > 0) lines.push(`Content-Length: ${body.length}`)
  if (!names.includes('host')) lines.push('Host: portal.example')
  lines.push('Connection: close', '', '')
  return new Promise((resolve, reject) => {
    const chunks = []
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.concat([Buffer.from(lines.join('\r\n')), body])))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('end', () => resolve(answerOf(Buffer.concat(chunks))))
    socket.on('error', (error) => (chunks.length > 0 ? resolve(answerOf(Buffer.concat(chunks))) : reject(error)))
  })
}

function answerOf(bytes) {
  const end = bytes.indexOf('\r\n\r\n')
  const [first, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const headers = lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()])
  let body = bytes.subarray(end + 4)
  if (headers.some(([name, value]) => name === 'transfer-encoding' && value === 'chunked')) body = unchunked(body)
  return { status: Number(first.split(' ')[1]), headers, body: body.toString() }
}

function unchunked(bytes) {
  const parts = []
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n', at)
    const length = parseInt(bytes.subarray(at, end).toString(), 16)
    if (!length) return Buffer.concat(parts)
    parts.push(bytes.subarray(end + 2, end + 2 + length))
    at = end + 4 + length
  }
}
