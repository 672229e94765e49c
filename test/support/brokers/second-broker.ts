// Brokers in separate processes, and a proxy that makes one misbehave: helpers of the server's own tests.
export {
  answerWith,
  type Fault,
  type FaultProxy,
  passOn,
  startFaultProxy,
} from '../../../server/test/support/fault-proxy.ts'
export {
  EARTH,
  type SecondBroker,
  setUpSecondBrokers,
  startSecondBroker,
} from '../../../server/test/support/second-broker.ts'

/** Never called. It tells `vitest --changed` which sources these processes are built from. */
export const sources = () => import('../../../server/src/main.ts')
