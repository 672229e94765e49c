import { join } from 'node:path'

/** The root folder of the repository. */
export const root = join(import.meta.dirname, '../..')

/** Path of a file of the demo data. */
export const demoData = (name: string) => join(root, 'examples/demo-data', name)
