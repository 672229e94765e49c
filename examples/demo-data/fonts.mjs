import { fileURLToPath } from 'node:url'
import { GlobalFonts } from '@napi-rs/canvas'

/** Font stacks of the style. Each file is a separate family, so that the renderer does not choose a weight. */
export const FONTS = {
  'Noto Sans Regular': { family: 'demo-regular', file: 'noto-sans-latin-400-normal' },
  'Noto Sans Bold': { family: 'demo-bold', file: 'noto-sans-latin-600-normal' },
  'Noto Sans Italic': { family: 'demo-italic', file: 'noto-sans-latin-400-italic' },
}

for (const { family, file } of Object.values(FONTS)) {
  const url = import.meta.resolve(`@fontsource/noto-sans/files/${file}.woff2`)
  if (!GlobalFonts.registerFromPath(fileURLToPath(url), family)) {
    throw new Error(`The font ${file} could not be registered; run "npm ci" in this folder.`)
  }
}
