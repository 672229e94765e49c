// @ts-check
// Runs in a process of its own: the least server with Express. Its argument is the port.
import express from 'express'

express()
  .get('/healthz', (_request, response) => void response.json({ status: 'ok' }))
  .listen(Number(process.argv[2]), '127.0.0.1')
