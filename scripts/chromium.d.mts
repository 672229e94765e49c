export const chromiumHint: string
export const chromiumArgs: string[]
export function findChromium(): string | undefined
