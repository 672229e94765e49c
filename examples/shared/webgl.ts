/** Whether the browser offers WebGL 2, without which MapLibre draws nothing. */
export function hasWebGL2(): boolean {
  const context = document.createElement('canvas').getContext('webgl2')
  // Browsers allow a page a few contexts only.
  context?.getExtension('WEBGL_lose_context')?.loseContext()
  return context !== null
}

const MESSAGE = `
  <h2>This map needs WebGL 2</h2>
  <p>This browser does not offer it, so MapLibre cannot draw. Turn on hardware acceleration in the
    browser’s settings, update the graphics driver, or open the page in another browser.</p>
  <p>Tokens do not need it: the panel works, and so does
    <a href="/leaflet/">the same world in Leaflet</a>.</p>`

/** Says in place of a map what is missing, and what the visitor can do. */
export function showMissingWebGL(container: string): void {
  const message = document.createElement('div')
  message.className = 'no-webgl'
  message.innerHTML = MESSAGE
  document.getElementById(container)?.replaceChildren(message)
}

/** The same on a small preview. */
export function showMissingPreview(container: string): void {
  const message = document.createElement('p')
  message.className = 'no-webgl'
  message.textContent = 'The preview needs WebGL 2.'
  document.getElementById(container)?.replaceChildren(message)
}
