import { enter } from '../support/engines/page.ts'

/** What was found on a page. */
export interface Visit {
  readonly page: string
  /** Everything that is wrong with it. */
  readonly faults: readonly string[]
  /** How many controls took the focus. */
  readonly controls: number
  /** The widths and colour schemes in which axe looked at it. */
  readonly looks: readonly string[]
}

type FramedWindow = Window &
  typeof globalThis & {
    readonly axe: { run(): Promise<{ readonly violations: readonly Violation[] }> }
  }

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly target: unknown }[]
}

const PAGES = ['/', '/maplibre/', '/leaflet/', '/side-by-side/', '/cog/']
const WITH_MAPLIBRE = ['/', '/maplibre/', '/side-by-side/']
/** Widths and colour schemes. A page starts in the first, as a small map is drawn faster. */
const LOOKS = [
  [390, 'dark'],
  [900, 'light'],
] as const
const CONTROLS = 'a[href], button, summary, [tabindex="0"]'
/** In ms. */
const DRAWING_LIMIT = 60_000

/** Opens the example pages in a frame, one after another. */
export async function run(): Promise<readonly Visit[]> {
  const visits: Visit[] = []
  for (const path of PAGES) visits.push(await visit(path, true))
  for (const path of WITH_MAPLIBRE) visits.push(await visit(path, false))
  return visits
}

async function visit(path: string, hasWebGL: boolean): Promise<Visit> {
  const page = `${path}${hasWebGL ? '' : ' without WebGL'}`
  await enter(page)
  const faults: string[] = []
  const frame = document.createElement('iframe')
  frame.style.cssText = `position:fixed;inset:0;border:0;width:${LOOKS[0][0]}px;height:480px`
  Object.assign(window, { watch: (view: FramedWindow) => watch(view, hasWebGL, faults) })
  const opened = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }))
  frame.src = path
  document.body.append(frame)
  await opened
  const view = frame.contentWindow as FramedWindow
  faults.push(...(await waitForMaps(view, path, hasWebGL)))
  const looks: string[] = []
  for (const [width, scheme] of hasWebGL ? LOOKS : LOOKS.slice(0, 1)) {
    frame.style.width = `${width}px`
    // A page in a frame prefers the scheme of the frame.
    frame.style.colorScheme = scheme
    const look = await describeLook(view)
    looks.push(look)
    for (const violation of await findViolations(view)) faults.push(`${look}: ${violation}`)
  }
  const controls = findControls(view)
  faults.push(...controls.flatMap((control) => findFocusFaults(view, control)))
  frame.remove()
  return { page, faults, controls: controls.length, looks }
}

/** Collects what a page throws, prints, and is denied by its policy, from before its first script. */
function watch(view: FramedWindow, hasWebGL: boolean, faults: string[]): void {
  view.addEventListener('error', ({ message }) => faults.push(`thrown: ${message}`))
  view.addEventListener('unhandledrejection', ({ reason }) => faults.push(`rejected: ${reason}`))
  view.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) =>
    faults.push(`denied: ${effectiveDirective} ${blockedURI}`),
  )
  for (const method of ['log', 'info', 'warn', 'error'] as const)
    view.console[method] = (...parts) => faults.push(`printed: ${parts.join(' ')}`)
  if (hasWebGL) return
  const { prototype } = view.HTMLCanvasElement
  const { getContext } = prototype
  prototype.getContext = function (this: HTMLCanvasElement, type: string, ...rest: unknown[]) {
    return /webgl/.test(type) ? null : Reflect.apply(getContext, this, [type, ...rest])
  } as typeof getContext
}

/** Waits until the maps show something. @returns What they do not show. */
async function waitForMaps(
  { document }: FramedWindow,
  path: string,
  hasWebGL: boolean,
): Promise<string[]> {
  const find = (selector: string) => document.querySelector<HTMLElement>(selector)
  const hasTile = () =>
    [...document.querySelectorAll<HTMLImageElement>('img.leaflet-tile-loaded')].some(
      ({ complete, naturalWidth }) => complete && naturalWidth > 0,
    )
  const isLoaded = () => Number(find('#loaded, [data-part="loaded"]')?.innerText) > 0
  const expectations: Readonly<Record<string, () => boolean>> = {
    ...(path !== '/maplibre/' || hasWebGL ? { 'a loaded tile': isLoaded } : {}),
    ...(/maplibre|cog/.test(path) ? {} : { 'a tile of Leaflet': hasTile }),
    ...(hasWebGL
      ? {}
      : { 'the message': () => /needs WebGL 2/.test(find('.no-webgl')?.innerText ?? '') }),
    'a fresh token': () => /fresh/i.test(find('#state, [data-part="state"]')?.innerText ?? ''),
    'no failed tile': () => (find('[data-part="missing"]')?.innerText ?? '0') === '0',
  }
  const end = Date.now() + DRAWING_LIMIT
  for (;;) {
    const unmet = Object.entries(expectations).filter(([, isMet]) => !isMet())
    if (unmet.length === 0 || Date.now() > end) return unmet.map(([name]) => `not seen: ${name}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** The width and the scheme that a page has, once it has been drawn with them. */
async function describeLook(view: FramedWindow): Promise<string> {
  for (let frames = 0; frames < 2; frames++) await new Promise(view.requestAnimationFrame)
  const { matches } = view.matchMedia('(prefers-color-scheme: dark)')
  return `${view.innerWidth} px, ${matches ? 'dark' : 'light'}`
}

async function findViolations(view: FramedWindow): Promise<string[]> {
  if (!view.axe) {
    const script = view.document.createElement('script')
    script.src = '/axe.js'
    const loaded = new Promise((resolve) => script.addEventListener('load', resolve))
    view.document.head.append(script)
    await loaded
  }
  const { violations } = await view.axe.run()
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`)
}

/** Everything that a mouse could use. */
function findControls({ document }: FramedWindow): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(CONTROLS)].filter(
    (element) =>
      element.checkVisibility({ visibilityProperty: true }) &&
      !element.closest('[inert], :disabled, [aria-disabled="true"]'),
  )
}

/** Gives a control the focus, as a key would do. A page cannot press the key itself. */
function findFocusFaults(view: FramedWindow, control: HTMLElement): string[] {
  const name = control.outerHTML.slice(0, 80)
  if (control.tabIndex < 0) return [`not reached by Tab: ${name}`]
  control.focus({ focusVisible: true } as FocusOptions)
  if (view.document.activeElement !== control) return [`takes no focus: ${name}`]
  const { outlineStyle, outlineWidth, boxShadow } = view.getComputedStyle(control)
  const hasOutline = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0
  return hasOutline || boxShadow !== 'none' ? [] : [`shows no focus: ${name}`]
}
