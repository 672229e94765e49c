const LIMIT = 6

/** A short list of what happened, the latest first. */
export function createEventLog(list: HTMLElement): (text: string) => void {
  return (text) => {
    const item = document.createElement('li')
    const time = document.createElement('time')
    time.textContent = new Date().toLocaleTimeString([], { hour12: false })
    item.append(time, text)
    list.prepend(item)
    while (list.children.length > LIMIT) list.lastElementChild?.remove()
  }
}
