// @ts-check
import { bin, run, setUp } from './setup.mjs'

setUp()
run(bin('tsc'), ['-b', '.'])
