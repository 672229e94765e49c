import { TokenError, type TokenState } from '@tilepass/core'
import { TokenControl, type TokenControlOptions } from '@tilepass/maplibre/control'
import { afterEach, expect, test } from 'vitest'

/** What the control needs of a manager; tests set its state. */
function fakeTokens() {
  const listeners = new Set<(state: TokenState) => void>()
  let renewals = 0
  const tokens = {
    state: 'idle' as TokenState,
    failure: undefined as TokenError | undefined,
    on: (_type: string, listener: (state: never) => void) => {
      listeners.add(listener as (state: TokenState) => void)
      return () => listeners.delete(listener as (state: TokenState) => void)
    },
    renew: async () => {
      renewals += 1
      return { value: 'token', expiresAt: 0 }
    },
    become(...states: TokenState[]) {
      for (const state of states) {
        tokens.state = state
        for (const listener of listeners) listener(state)
      }
    },
    get renewals() {
      return renewals
    },
    get listeners() {
      return listeners.size
    },
  }
  return tokens
}

function mount(options?: TokenControlOptions, managers = [fakeTokens()]) {
  const canvas = document.createElement('canvas')
  canvas.tabIndex = 0
  const control = new TokenControl(managers, options)
  const root = control.onAdd({ getCanvas: () => canvas })
  document.body.append(canvas, root)
  const status = root.querySelector<HTMLElement>('[role=status]')
  const button = root.querySelector('button')
  if (!status || !button || !managers[0]) throw new Error('incomplete')
  const said: (string | null)[] = []
  new MutationObserver(() => said.push(status.textContent)).observe(status, { childList: true })
  return { control, root, status, button, canvas, tokens: managers[0], said }
}
const flush = () => new Promise((resolve) => setTimeout(resolve))

afterEach(() => document.body.replaceChildren())

test('nothing is shown or announced while tokens are available', () => {
  const { root, status, button, tokens } = mount()
  tokens.become('renewing', 'fresh', 'renewing', 'fresh')
  expect(root.dataset.state).toBe('well')
  expect(status.textContent).toBe('')
  expect(button.hidden).toBe(true)
})

test('each change of state is announced once, and retries are not', async () => {
  const { root, tokens, said } = mount()
  tokens.become('renewing', 'unavailable')
  await flush()
  for (let attempt = 0; attempt < 5; attempt += 1) tokens.become('renewing', 'unavailable')
  await flush()
  expect(root.dataset.state).toBe('unavailable')
  expect(said).toHaveLength(1)
  tokens.become('renewing', 'fresh')
  await flush()
  expect(root.dataset.state).toBe('well')
  expect(said).toHaveLength(2)
  expect(said[1]).toContain('again')
})

test('a denial and an outage have different texts', () => {
  const { root, status, tokens } = mount({ labels: { denied: 'Kein Zugriff.' } })
  tokens.become('unavailable')
  const interrupted = status.textContent
  tokens.become('denied')
  expect(root.dataset.state).toBe('denied')
  expect(status.textContent).toBe('Kein Zugriff.')
  expect(interrupted).not.toBe(status.textContent)
})

test('the reason that the endpoint gives is the tooltip, as plain text, until there is a token', () => {
  const { status, root, tokens } = mount()
  tokens.failure = new TokenError('ERR_TOKEN_UNAVAILABLE', '502: <b>contact the operator</b>')
  tokens.become('unavailable')
  expect(status.title).toBe('502: <b>contact the operator</b>')
  expect(root.querySelector('b')).toBeNull()
  expect(status.textContent).not.toMatch(/sign in|access/i)
  tokens.become('renewing')
  expect(status.title).toContain('operator')
  tokens.failure = undefined
  tokens.become('fresh')
  expect(status.title).toBe('')
})

test('the button tries again, and passes the focus to the map when it is hidden', () => {
  const { button, canvas, tokens } = mount({ labels: { retry: 'Nochmal' } })
  tokens.become('denied')
  expect(button.textContent).toBe('Nochmal')
  button.focus()
  button.click()
  expect(tokens.renewals).toBe(1)
  tokens.become('renewing')
  expect(button.hidden).toBe(false)
  tokens.become('fresh')
  expect(document.activeElement).toBe(canvas)
})

test('the worst of several managers is shown, and only managers without a token are renewed', () => {
  const managers = [fakeTokens(), fakeTokens()]
  const { root, button } = mount({}, managers)
  managers[1]?.become('unavailable')
  expect(root.dataset.state).toBe('unavailable')
  button.click()
  expect(managers.map(({ renewals }) => renewals)).toEqual([0, 1])
})

test('there is no style attribute, and removal leaves no listener', () => {
  const { control, root, tokens } = mount()
  tokens.become('denied')
  expect(root.outerHTML).not.toContain('style=')
  control.onRemove()
  expect(tokens.listeners).toBe(0)
  expect(root.isConnected).toBe(false)
})
