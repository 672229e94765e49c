import { createTokenManager } from '@tilepass/core'
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

const { more, log } = showPanel(
  tokens,
  demo,
  {
    withTilepass(counts) {
      const viewer = createViewer(canvas, {
        open: () => openLevels(countRanges(tokens, counts), url),
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
    texts: {
      look: 'Zoom to a place',
      'loaded-label': 'Ranges read',
      'missing-label': 'Ranges failed',
    },
  },
)

addDownloadButton(more, 'Download the file', tokens, url)

// The page's user is not signed in, so the broker issues no token for a private file.
const refused = createTokenManager(({ signal }) => requestDownloadToken(PRIVATE_EARTH, signal), {
  allow: [allowDataset(PRIVATE_EARTH)],
})
refused.on('error', ({ message }) => log(message))
addDownloadButton(more, 'Download a private file', refused, fileUrl(PRIVATE_EARTH))
