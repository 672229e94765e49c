import type { TokenManager } from '@tilepass/core'
import { download } from '@tilepass/core/download'

/** A button that saves a file. */
export interface DownloadButton {
  readonly label: string
  /** What the button does. */
  readonly hint: string
  readonly tokens: Pick<TokenManager, 'fetch' | 'authorize' | 'match'>
  readonly url: string
  /** What to show for an error that the demo means to cause; undefined for all others. */
  explain?(error: unknown): string | undefined
}

/** Adds a button, and a line that shows the result. */
export function addDownloadButton(
  container: HTMLElement,
  { label, hint, tokens, url, explain }: DownloadButton,
): void {
  const button = document.createElement('button')
  const name = document.createElement('strong')
  const description = document.createElement('small')
  const result = document.createElement('p')
  button.type = 'button'
  button.className = 'action'
  name.textContent = label
  description.textContent = hint
  button.append(name, ' ', description)
  result.setAttribute('role', 'status')
  result.className = 'result'
  const show = (kind: string, text: string) => {
    result.className = `result ${kind}`
    result.textContent = text
    result.scrollIntoView({ block: 'nearest' })
  }
  let isRunning = false
  button.addEventListener('click', async () => {
    // Not disabled: the button would lose the keyboard's focus.
    if (isRunning) return
    isRunning = true
    show('', 'Requesting the file …')
    try {
      await download(tokens, url)
      show('', 'The browser is saving the file.')
    } catch (error) {
      const explained = explain?.(error)
      if (explained) show('explained', explained)
      else show('bad', error instanceof Error ? error.message : String(error))
    }
    isRunning = false
  })
  container.append(button, result)
  container.hidden = false
}
