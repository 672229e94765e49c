import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseConfig } from '../../server/src/config/parse.ts'
import { dig, FILES, readYaml } from '../support/deploy/files.ts'
import { root } from '../support/repository.ts'

/** A manifest, and the file that it is in. */
interface Manifest {
  readonly file: string
  readonly kind: string
  readonly apiVersion: string
  readonly value: object
}

const manifests: readonly Manifest[] = FILES.filter((file) =>
  file.startsWith('kubernetes/'),
).flatMap((file) =>
  readYaml(file).map((value) => ({
    file,
    kind: String(dig(value, 'kind')),
    apiVersion: String(dig(value, 'apiVersion')),
    value: Object(value),
  })),
)
const find = (kind: string, name = 'tilepass') => {
  const found = manifests.find(
    ({ kind: each, value }) => each === kind && dig(value, 'metadata', 'name') === name,
  )
  if (!found) throw new Error(`There is no ${kind} "${name}"`)
  return found.value
}
const settings = parseConfig(JSON.parse(String(dig(find('ConfigMap'), 'data', 'tilepass.json'))))
const pod = dig(find('Deployment'), 'spec', 'template', 'spec')
const container = dig(pod, 'containers', 0)
const labels = { 'app.kubernetes.io/name': 'tilepass' }

describe('the types of the Kubernetes API', () => {
  const project = mkdtempSync(join(tmpdir(), 'tilepass-manifests-'))
  afterAll(() => rmSync(project, { recursive: true, force: true }))
  beforeAll(() => {
    const types = 'node_modules/kubernetes-types'
    mkdirSync(join(project, 'node_modules'))
    symlinkSync(join(root, types), join(project, types))
  })

  /** The faults that the compiler finds in manifests, as kubectl does: also what a type does not know. */
  function findFaults(values: readonly Pick<Manifest, 'apiVersion' | 'kind' | 'value'>[]): string {
    const lines = values.map(({ apiVersion, kind, value }, index) => {
      const group = apiVersion.includes('/') ? apiVersion : `core/${apiVersion}`
      const path = `kubernetes-types/${group.replace(/\.k8s\.io\//, '/')}`
      return `export const manifest${index}: import('${path}').${kind} = ${JSON.stringify(value)}`
    })
    writeFileSync(join(project, 'manifests.ts'), `${lines.join('\n')}\n`)
    const compilerOptions = {
      target: 'ES2022',
      module: 'ESNext',
      moduleResolution: 'Bundler',
      strict: true,
      skipLibCheck: true,
      types: [],
      noEmit: true,
    }
    const file = join(project, 'tsconfig.json')
    writeFileSync(file, JSON.stringify({ compilerOptions, files: ['manifests.ts'] }))
    const tsc = join(root, 'node_modules/.bin/tsc')
    return spawnSync(tsc, ['-p', project, '--pretty', 'false'], { encoding: 'utf8' }).stdout
  }

  test('accept every manifest', () => {
    expect(manifests.length).toBeGreaterThan(6)
    expect(findFaults(manifests)).toBe('')
  })

  test('refuse fields and values that do not exist', () => {
    const budget = (spec: object) => ({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      value: { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', spec },
    })
    expect(findFaults([budget({ minAvailabel: 1 })])).toContain('minAvailabel')
    expect(findFaults([budget({ minAvailable: true })])).toContain("Type 'true'")
  })
})

test('everything that refers to the brokers means them', () => {
  expect(dig(find('Deployment'), 'spec', 'selector', 'matchLabels')).toEqual(labels)
  expect(dig(find('Deployment'), 'spec', 'template', 'metadata', 'labels')).toEqual(labels)
  for (const name of ['tilepass', 'tilepass-metrics'])
    expect(dig(find('Service', name), 'spec', 'selector')).toEqual(labels)
  expect(dig(find('PodDisruptionBudget'), 'spec', 'selector', 'matchLabels')).toEqual(labels)
  expect(dig(find('NetworkPolicy'), 'spec', 'podSelector', 'matchLabels')).toEqual(labels)
  for (const [, constraint] of Object.entries(Object(dig(pod, 'topologySpreadConstraints'))))
    expect(dig(constraint, 'labelSelector', 'matchLabels')).toEqual(labels)
})

test('a broker that ends is missed by nobody: two run, one may be away, and none before its successor is ready', () => {
  const spec = dig(find('Deployment'), 'spec')
  expect(dig(spec, 'replicas')).toBeGreaterThan(1)
  expect(dig(spec, 'strategy', 'rollingUpdate')).toEqual({ maxUnavailable: 0, maxSurge: 1 })
  expect(dig(find('PodDisruptionBudget'), 'spec', 'maxUnavailable')).toBe(1)
  // The probe notices within this time, and then nothing more is sent.
  const { periodSeconds, failureThreshold } = Object(dig(container, 'readinessProbe'))
  expect(settings.drainSeconds).toBeGreaterThan(periodSeconds * failureThreshold)
  expect(dig(pod, 'terminationGracePeriodSeconds')).toBeGreaterThan(settings.drainSeconds + 10)
})

test('ports are those that the broker listens on', () => {
  const ports = Object(dig(container, 'ports')).map(
    ({ name, containerPort }: { name: string; containerPort: number }) => [name, containerPort],
  )
  const dockerfile = readFileSync(join(root, 'deploy/docker/Dockerfile'), 'utf8')
  expect(ports).toEqual([
    ['http', Number(/TILEPASS_PORT=(\d+)/.exec(dockerfile)?.[1])],
    ['verify', settings.verify?.port],
    ['metrics', settings.metrics?.port],
  ])
  const names = ports.map(([name]: string[]) => name)
  const texts = manifests.map(({ value }) => JSON.stringify(value)).join()
  for (const [, name] of texts.matchAll(/"targetPort":"(\w+)"/g)) expect(names).toContain(name)
  for (const [, name] of texts.matchAll(/"httpGet":\{[^}]*"port":"(\w+)"/g))
    expect(names).toContain(name)
  for (const host of [settings.verify?.host, settings.metrics?.host]) expect(host).toBe('0.0.0.0')
})

test('liveness asks whether the process lives, readiness whether it can work', () => {
  const pathOf = (probe: string) => dig(container, probe, 'httpGet', 'path')
  expect(pathOf('startupProbe')).toBe('/healthz')
  expect(pathOf('livenessProbe')).toBe('/healthz')
  expect(pathOf('readinessProbe')).toBe('/readyz')
})

test.each([
  ['Deployment', find('Deployment')],
  ['Job', find('Job', 'tilepass-account')],
])('the pods of the %s may do nothing that they need not', (_, value) => {
  const spec = dig(value, 'spec', 'template', 'spec')
  expect(spec).toMatchObject({
    automountServiceAccountToken: false,
    // A service "tilepass" would set TILEPASS_PORT to a URL, and the broker would not start.
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  })
  for (const each of Object.values(Object(dig(spec, 'containers')))) {
    expect(dig(each, 'securityContext')).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(dig(each, 'resources', 'requests')).toHaveProperty('memory')
    expect(dig(each, 'resources', 'limits')).toHaveProperty('memory')
  }
})

test('from outside only what pages and clients need can be reached', () => {
  const paths = Object(dig(find('Ingress'), 'spec', 'rules', 0, 'http', 'paths'))
  const names = paths.map(({ path }: { path: string }) => path)
  expect(names).toEqual(['/map-token', '/v1/', '/.well-known/'])
  const rules = Object(dig(find('NetworkPolicy'), 'spec', 'ingress'))
  for (const rule of rules) {
    expect(rule.from).toHaveLength(1)
    expect(rule.ports).toHaveLength(1)
  }
})

test('what is mounted exists: the configuration, and the keys of the secret', () => {
  const secrets = [find('Deployment'), find('Job', 'tilepass-account')].map((value) =>
    JSON.stringify(dig(value, 'spec', 'template', 'spec')),
  )
  for (const text of secrets) {
    expect(text).toContain('"secretKeyRef":{"name":"tilepass","key":"database-url"}')
    expect(text).toContain('"items":[{"key":"secret-key","path":"secret-key"}]')
    expect(text).toContain('/run/secrets/tilepass/secret-key')
  }
  expect(secrets[0]).toContain('"configMap":{"name":"tilepass"}')
  expect(secrets[0]).toContain('"value":"/etc/tilepass/tilepass.json"')
})

test('no secret is among the manifests: to apply the folder would replace the real one', () => {
  expect(manifests.map(({ kind }) => kind)).not.toContain('Secret')
})

test('the job creates the account that the grant names', () => {
  expect(
    dig(find('Job', 'tilepass-account'), 'spec', 'template', 'spec', 'containers', 0, 'args'),
  ).toEqual(['account', 'create', Object.values(settings.grants)[0]?.account])
})

test('the example trusts no network of its own choice', () => {
  const documentation = ['192.0.2.0/24', '198.51.100.0/24']
  expect([settings.trustProxy, settings.verify?.peers].flat()).toEqual(documentation)
})

test('a change of the schema has minutes before the liveness probe ends the pod', () => {
  const { periodSeconds, failureThreshold } = Object(dig(container, 'startupProbe'))
  expect(periodSeconds * failureThreshold).toBeGreaterThanOrEqual(500)
  // After that the rollout counts as failed.
  expect(periodSeconds * failureThreshold).toBeLessThan(600)
})
