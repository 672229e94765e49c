import type { TokenManager } from '@tilepass/core'
import { download } from '@tilepass/core/download'

/** Adds a button that saves a file, and says how that went. */
export function addDownloadButton(
  container: HTMLElement,
  label: string,
  tokens: Pick<TokenManager, 'fetch' | 'authorize' | 'match'>,
  url: string,
): void {
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = label
  const answer = document.createElement('p')
  answer.setAttribute('role', 'status')
  button.addEventListener('click', async () => {
    button.disabled = true
    answer.className = ''
    answer.textContent = 'Asking the server'
    try {
      await download(tokens, url)
      answer.textContent = 'The browser is saving the file.'
    } catch (error) {
      answer.className = 'bad'
      answer.textContent = error instanceof Error ? error.message : String(error)
    }
    button.disabled = false
  })
  container.append(button, answer)
  container.hidden = false
}
