export function findProgram(name: string): string | undefined
export function findTileServer(): string | undefined
export function installTileServer(): boolean
