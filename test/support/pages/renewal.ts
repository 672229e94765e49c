import type { Page } from 'playwright'
import { expect } from 'vitest'
import { healed, pan, settle } from './panning.ts'
import { resetCounts, type Servers } from './servers.ts'

/** Lifetime of a token, in ms. */
export const LIFETIME = 2_000

/**
 * Pans for a time in ms, in a page whose tokens last {@link LIFETIME}: they are renewed in time, and no
 * tile fails.
 *
 * @param openedAt When the page was opened, by `performance.now()`.
 * @returns What happened, in numbers.
 */
export async function expectRenewal(
  { page, servers }: { page: Page; servers: Servers },
  duration: number,
  openedAt: number,
): Promise<string> {
  await pan(page, duration)
  await settle(page)
  const time = performance.now() - openedAt
  const { exchanges, tiles, refused } = servers.counts
  expect(await page.evaluate(() => globalThis.failed())).toEqual([])
  expect(tiles).toBeGreaterThan(50)
  // The margin is 20 %, the jitter at most 10 %.
  expect(exchanges).toBeLessThanOrEqual(time / (LIFETIME * 0.7) + 1)
  return `${tiles} requests, ${exchanges} exchanges, ${refused} × 401`
}

/** Revokes the token of a page: one exchange follows, and every tile that failed is there in the end. */
export async function expectRecovery({
  page,
  servers,
}: {
  page: Page
  servers: Servers
}): Promise<void> {
  await settle(page)
  servers.issuer.revokeAll()
  resetCounts(servers)
  await pan(page, 1500)
  await settle(page)
  await healed(page)
  const { exchanges, refused } = servers.counts
  expect(refused).toBeGreaterThan(0)
  expect(exchanges).toBe(1)
}

/**
 * Moves a map step by step, in a page whose tokens last {@link LIFETIME}, until they have been renewed
 * four times: no tile fails, however slow the map is.
 *
 * @param openedAt When the page was opened, by `performance.now()`.
 * @returns What happened, in numbers.
 */
export async function expectRenewalByStep(
  { page, servers: { counts } }: { page: Page; servers: Servers },
  openedAt: number,
): Promise<string> {
  await settle(page)
  for (let step = 0; counts.exchanges < 5 || counts.tiles < 50; step += 1) {
    await page.evaluate((step) => globalThis.panTo(step), step)
    await settle(page)
    expect(await page.evaluate(() => globalThis.failed())).toEqual([])
  }
  const time = performance.now() - openedAt
  const { exchanges, tiles, refused } = counts
  expect(exchanges).toBeLessThanOrEqual(time / (LIFETIME * 0.7) + 1)
  return `${tiles} requests, ${exchanges} exchanges, ${refused} × 401`
}

/** Moves a map with a revoked token: one exchange follows, and every tile that was refused is there. */
export async function expectRecoveryByStep({
  page,
  servers,
}: {
  page: Page
  servers: Servers
}): Promise<void> {
  await settle(page)
  servers.issuer.revokeAll()
  resetCounts(servers)
  await page.evaluate(() => globalThis.panTo(9))
  await healed(page)
  const { exchanges, refused } = servers.counts
  expect(refused).toBeGreaterThan(0)
  expect(exchanges).toBe(1)
}
