import { randomBytes } from 'node:crypto'
import { chooseTemplate, findDatabaseUrl } from '../../server/test/support/test-location.ts'
import { testTopology } from '../support/deploy/topology-test.ts'

testTopology('PostgreSQL', async () => {
  const name = 'topology'
  // The first command creates the tables, as in deploy/.
  chooseTemplate(name, 'empty')
  return {
    TILEPASS_DATABASE_URL: String(await findDatabaseUrl(name)),
    TILEPASS_SECRET_KEY: randomBytes(32).toString('base64url'),
  }
})
