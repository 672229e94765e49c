const LIMIT = 6

/** Creates a short list of events, the latest first. A repeated event is counted, not listed again. */
export function createEventLog(list: HTMLElement): (text: string) => void {
  let last: { readonly text: string; times: number; readonly item: HTMLElement } | undefined
  return (text) => {
    if (last?.text === text) last.times++
    else last = { text, times: 1, item: document.createElement('li') }
    const { times, item } = last
    const time = document.createElement('time')
    time.textContent = new Date().toLocaleTimeString([], { hour12: false })
    item.replaceChildren(time, times > 1 ? `${text} (${times}×)` : text)
    list.prepend(item)
    while (list.children.length > LIMIT) list.lastElementChild?.remove()
  }
}
