/** What one check has found. */
export interface Finding {
  /** What was checked, in one word. */
  readonly check: string
  readonly state: 'ok' | 'warning' | 'fault'
  readonly text: string
  /** What to do about it. */
  readonly remedy?: string
}

export const ok = (check: string, text: string): Finding => ({ check, state: 'ok', text })

export const warning = (check: string, text: string, remedy: string): Finding => ({
  check,
  state: 'warning',
  text,
  remedy,
})

export const fault = (check: string, text: string, remedy: string): Finding => ({
  check,
  state: 'fault',
  text,
  remedy,
})
