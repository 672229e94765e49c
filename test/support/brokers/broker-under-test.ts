// The broker that the server's own tests start. Tests of several packages take it from here.
export {
  type BrokerUnderTest,
  type CommandResult,
  makeDataFolder,
  NOW,
  readClaims,
  runCommand,
  startBroker,
  storeSettings,
  watchLog,
} from '../../../server/test/support/broker-under-test.ts'
