import { createTokenManager } from '@tilepass/core'
import { createMapAuthorizer } from '@tilepass/maplibre'
import { addProtocol, Map as MapView } from 'maplibre-gl-5'
import { afterEach, expect, test, vi } from 'vitest'
import {
  createApp,
  defineComponent,
  h,
  onBeforeUnmount,
  onMounted,
  reactive,
  shallowRef,
  useTemplateRef,
} from 'vue'

/** A token manager, and how often its source was asked. */
function createTokens() {
  let exchanges = 0
  const tokens = createTokenManager(
    async () => {
      exchanges += 1
      return Response.json({ access_token: 'canary', token_type: 'Bearer', expires_in: 60 })
    },
    { allow: ['/v1/'] },
  )
  return { tokens, exchanges: () => exchanges }
}

/** Answers requests for tiles, and records the Authorization header of each. */
function answerTiles() {
  const seen: (string | null)[] = []
  const { fetch } = globalThis
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const request = new Request(input, init)
    if (!request.url.includes('/v1/')) return fetch(input, init)
    seen.push(request.headers.get('authorization'))
    const canvas = new OffscreenCanvas(256, 256)
    canvas.getContext('2d')?.fillRect(0, 0, 256, 256)
    return new Response(await canvas.convertToBlob())
  })
  return seen
}

afterEach(() => {
  vi.restoreAllMocks()
  document.body.replaceChildren()
})

/** The component of the documentation, with the given authorizer. */
const PrivateMap = (auth: ReturnType<typeof createMapAuthorizer>) =>
  defineComponent(() => {
    // biome-ignore lint/correctness/useHookAtTopLevel: a composable of Vue, not a hook of React
    const element = useTemplateRef<HTMLElement>('element')
    const map = shallowRef<MapView>()
    onMounted(() => {
      map.value = new MapView({
        container: element.value as HTMLElement,
        style: {
          version: 8,
          sources: { tiles: { type: 'raster', tiles: [`${location.origin}/v1/{z}/{x}/{y}.png`] } },
          layers: [{ id: 'tiles', type: 'raster', source: 'tiles' }],
        },
        transformRequest: auth.transformRequest,
      })
      auth.attach(map.value)
    })
    onBeforeUnmount(() => map.value?.remove())
    return () => h('div', { ref: 'element', style: 'width:400px;height:300px' })
  })

test.each([
  ['as a plain object', <T extends object>(value: T) => value],
  ['in a reactive store', <T extends object>(value: T) => reactive({ value }).value as T],
])(
  'a component with its authorizer %s shows private tiles and removes its listeners',
  async (_, store) => {
    const { tokens, exchanges } = createTokens()
    const seen = answerTiles()
    let attached = 0
    const on: typeof tokens.on = (type, listener) => {
      attached += 1
      const off = tokens.on(type, listener)
      return () => {
        attached -= 1
        off()
      }
    }
    const auth = store(createMapAuthorizer(store({ ...tokens, on }), { addProtocol }))
    for (const mounted of [1, 2]) {
      const element = document.createElement('div')
      document.body.append(element)
      const app = createApp(PrivateMap(auth))
      app.mount(element)
      await vi.waitFor(() => expect(seen.length).toBeGreaterThanOrEqual(mounted))
      expect(attached).toBe(1)
      app.unmount()
      expect(attached).toBe(0)
    }
    expect(new Set(seen)).toEqual(new Set(['Bearer canary']))
    expect(exchanges()).toBe(1)
  },
)
