const LIMIT = 6

/** A short list of what happened, the latest first. What happens again is counted, not repeated. */
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
