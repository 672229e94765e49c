import { createTokenManager, type TokenManager, type TokenManagerOptions } from '@tilepass/core'
import { createMapAuthorizer, type MapAuthorizer } from '@tilepass/maplibre'

const managers: TokenManager[] = []

/** Ends every manager. */
export function disposeManagers(): void {
  for (const manager of managers.splice(0)) manager.dispose()
}

/** A manager whose tokens are `canary-1`, `canary-2`, …, and how many have been issued. */
export function manage(
  allow: TokenManagerOptions['allow'],
  name = 'canary',
  options: Partial<TokenManagerOptions> = {},
) {
  let issued = 0
  const manager = createTokenManager(
    async () => {
      issued += 1
      return Response.json({
        access_token: `${name}-${issued}`,
        token_type: 'Bearer',
        expires_in: 60,
      })
    },
    { allow, ...options },
  )
  managers.push(manager)
  return { manager, issued: () => issued }
}

export type Load = Parameters<Parameters<typeof createMapAuthorizer>[1]['addProtocol']>[1]

/** MapLibre's registry of protocols. */
export function registry() {
  const schemes = new Map<string, Load>()
  return { schemes, addProtocol: (scheme: string, load: Load) => void schemes.set(scheme, load) }
}

export const HTTPS = 'https://tiles.example/v1/'

/** An authorizer with a manager that has a fresh token. */
export async function fresh(allow: TokenManagerOptions['allow'] = [HTTPS]): Promise<{
  manager: TokenManager
  schemes: Map<string, Load>
  auth: MapAuthorizer
}> {
  const { manager } = manage(allow)
  await manager.getToken()
  const { schemes, addProtocol } = registry()
  return { manager, schemes, auth: createMapAuthorizer(manager, { addProtocol }) }
}
