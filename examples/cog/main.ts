import { createTokenManager, TokenError } from '@tilepass/core'
import { TokenControl } from '@tilepass/maplibre/control'
import '@tilepass/maplibre/control.css'
import '../shared/page.css'
import './cog.css'
import { createDemoSource } from '../shared/demo-source.ts'
import { showPanel } from '../shared/panel.ts'
import { addDownloadButton } from './download-buttons.ts'
import {
  allowDataset,
  EARTH,
  fileUrl,
  PRIVATE_EARTH,
  requestDownloadToken,
} from './download-token.ts'
import { countRanges, openLevels } from './levels.ts'
import { createViewer } from './viewer.ts'

const canvas = document.querySelector<HTMLCanvasElement>('#image')
const caption = document.querySelector<HTMLElement>('#level')
if (!canvas || !caption) throw new TypeError('the page has no #image')

// Your pages pass requestDownloadToken directly; the demo adds faults to it.
const demo = createDemoSource((signal) => requestDownloadToken(EARTH, signal))
const url = fileUrl(EARTH)
const tokens = createTokenManager(demo.source, {
  allow: [allowDataset(EARTH)],
  waitLimit: 30_000, // a read survives a short failure of the broker
})

/** What the private file shows to a visitor. */
const PRIVATE =
  'Refused (403), as it should be: this file belongs to an account. Nobody is signed in here, so the broker gives the page no token for it, and the token of the other file does not open it.'

const { more, log } = showPanel(
  tokens,
  demo,
  {
    withTilepass(counts) {
      let reads = 0
      const viewer = createViewer(canvas, {
        open() {
          const read = ++reads
          return openLevels(
            countRanges(tokens, counts, () => read === reads),
            url,
          )
        },
        onRead({ width, height }, isWindow) {
          const name = `${width} × ${height}`
          caption.textContent = isWindow ? `Read from the ${name} level` : `Overview, ${name}`
        },
        onError: (error) => log(error instanceof Error ? error.message : String(error)),
      })
      tokens.on('renewed', viewer.retry)
      document.querySelector('#zoom-in')?.addEventListener('click', () => viewer.zoom(1.5))
      document.querySelector('#zoom-out')?.addEventListener('click', () => viewer.zoom(1 / 1.5))
      return viewer
    },
  },
  {
    lifetime: 120_000,
    loaded: ['Range read', 'Ranges read'],
    missing: ['Range failed', 'Ranges failed'],
    texts: {
      'look-label': 'Zoom to a place',
      'look-hint': 'Reads its part of the file, by ranges',
      'expire-hint': 'Drops it early: requests must wait',
      'break-hint': 'It answers 503; reads must wait',
    },
  },
)

// TokenControl is plain HTML: it shows itself beside any map when there is no token.
const notice = new TokenControl(tokens).onAdd({ getCanvas: () => canvas })
canvas.after(notice)

addDownloadButton(more, {
  label: 'Download the file',
  hint: 'Saves it, with the token in the URL',
  tokens,
  url,
})

// The page's user is not signed in, so the broker issues no token for a private file.
const refused = createTokenManager(({ signal }) => requestDownloadToken(PRIVATE_EARTH, signal), {
  allow: [allowDataset(PRIVATE_EARTH)],
})
refused.on('error', ({ message }) => log(message))
addDownloadButton(more, {
  label: 'Download a private file',
  hint: 'You are not signed in as its owner',
  tokens: refused,
  url: fileUrl(PRIVATE_EARTH),
  explain: (error) => (isDenied(error) ? PRIVATE : undefined),
})

const isDenied = (error: unknown) =>
  error instanceof TokenError && error.code === 'ERR_TOKEN_DENIED'
