import { onTestFinished } from 'vitest'
import { openStore, type Store } from '../../src/store/open.ts'
import { makeDataFolder } from './broker-under-test.ts'

/** Opens a store that is closed after the test; several of them may share a folder. */
export async function openTestStore(folder = makeDataFolder()): Promise<Store> {
  const store = await openStore(folder, 1_000)
  onTestFinished(() => store.close())
  return store
}
