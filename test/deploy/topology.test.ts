import { testTopology } from '../support/deploy/topology-test.ts'

testTopology('SQLite', () => ({}))
