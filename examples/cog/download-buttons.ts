import type { TokenManager } from '@tilepass/core'
import { download } from '@tilepass/core/download'

/** Adds a button that saves a file, and a line that shows the result. */
export function addDownloadButton(
  container: HTMLElement,
  label: string,
  tokens: Pick<TokenManager, 'fetch' | 'authorize' | 'match'>,
  url: string,
): void {
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = label
  const result = document.createElement('p')
  result.setAttribute('role', 'status')
  button.addEventListener('click', async () => {
    button.disabled = true
    result.className = ''
    result.textContent = 'Requesting the file …'
    try {
      await download(tokens, url)
      result.textContent = 'The browser is saving the file.'
    } catch (error) {
      result.className = 'bad'
      result.textContent = error instanceof Error ? error.message : String(error)
    }
    button.disabled = false
  })
  container.append(button, result)
  container.hidden = false
}
