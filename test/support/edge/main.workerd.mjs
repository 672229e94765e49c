import { handle } from './worker.ts'

// biome-ignore lint/style/noDefaultExport: what workerd expects
export default { fetch: handle }
