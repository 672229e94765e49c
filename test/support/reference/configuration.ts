import type { JsonSchema } from '../../../server/src/config/json-schema.ts'
import { code, GENERATED, toAnchor, toTable } from './markdown.ts'

const INTRODUCTION = `# Configuration

\`\`\`json
{
  "$schema": "./node_modules/@tilepass/broker/tilepass.schema.json",
  "publicUrl": "https://maps.example",
  "grants": { "default": { "account": "city", "scope": "tiles:read" } },
  "tilesets": { "world": { "path": "world.pmtiles" } }
}
\`\`\`

The members of \`tilepass.json\`, which \`tilepass serve --config tilepass.json\` reads, and the options of \`createBroker()\` (without \`host\`, \`port\` and \`logLevel\`). With \`$schema\`, editors complete and check the file; in \`createBroker()\` TypeScript does.

- Flags of \`tilepass serve\` override \`TILEPASS_*\` variables, and these override the file: \`TILEPASS_DATA\`, \`TILEPASS_DATABASE_URL\`, \`TILEPASS_SECRET_KEY\`, \`TILEPASS_SECRET_KEY_FILE\`, \`TILEPASS_ISSUER\`, \`TILEPASS_PUBLIC_URL\`, \`TILEPASS_HOST\`, \`TILEPASS_PORT\`, \`TILEPASS_LOG_LEVEL\`. \`TILEPASS_CONFIG\` names the file.
- Secrets come from variables, or from files that the configuration names: \`TILEPASS_DATABASE_URL\` holds the URL of a database; \`TILEPASS_SECRET_KEY\` holds the keys that seal the store, or \`TILEPASS_SECRET_KEY_FILE\` names a file with them, not both.
- If a setting is invalid or unknown, the start stops and lists every fault.
- Relative paths start at the folder of the file; in code and in flags at the current folder.
- Names (of grants, upstreams, tilesets and datasets) consist of letters, digits, \`-\` and \`_\`, and start with a letter or a digit.
- In code, also functions: \`session\` of a grant ([grants](../grants.md)), secrets, and a custom upstream ([upstreams](../upstreams.md)).`

/** Titles of the sections of members that have names of their own, by their setting. */
const RECORDS: Readonly<Record<string, string>> = {
  grants: 'Grants',
  upstreams: 'Upstreams',
  tilesets: 'Tilesets',
  datasets: 'Datasets',
}

/** Writes `docs/reference/configuration.md` from the JSON Schema of the configuration. */
export function renderConfiguration(schema: JsonSchema): string {
  const sections = Object.entries(RECORDS).flatMap(([name, title]) => {
    const member = asSchema(schema.properties?.[name])
    const entry = asSchema(member.additionalProperties)
    const alternatives = entry.anyOf?.map(asSchema) ?? [entry]
    return [
      `## ${title}`,
      `${member.description} Each member of \`${name}\` has:`,
      ...alternatives.flatMap((each) => [
        ...(alternatives.length > 1 ? [`### ${nameOf(each)}`] : []),
        renderTable(each),
      ]),
    ]
  })
  return `${[GENERATED, INTRODUCTION, '## Settings', renderTable(schema), ...sections].join('\n\n')}\n`
}

function nameOf(schema: JsonSchema): string {
  const { title, properties } = schema
  return title ?? `Kind ${code(String(asSchema(properties?.kind).const))}`
}

function renderTable(schema: JsonSchema): string {
  return toTable(['setting', 'value', 'default', 'meaning'], listRows(schema))
}

/** A row for each member; members of an object follow it, as in `login.perMinute`. */
function listRows({ properties = {}, required = [] }: JsonSchema, prefix = ''): string[][] {
  return Object.entries(properties).flatMap(([name, value]) => {
    const member = asSchema(value)
    // The heading says it.
    if (name === 'kind') return []
    const isObject = Object.values(member.properties ?? {}).some(
      (each) => asSchema(each).description !== undefined,
    )
    const fallback = required.includes(name) ? '**required**' : formatDefault(member)
    return [
      [code(prefix + name), describeValue(member, name), fallback, member.description ?? ''],
      ...(isObject ? listRows(member, `${prefix}${name}.`) : []),
    ]
  })
}

function formatDefault({ default: value, properties, additionalProperties }: JsonSchema): string {
  if (value === undefined || properties || typeof additionalProperties === 'object') return ''
  return code(JSON.stringify(value))
}

function describeValue(schema: JsonSchema, name = ''): string {
  const { type, anyOf, items, minimum, maximum, properties, additionalProperties } = schema
  if (schema.const !== undefined) return code(JSON.stringify(schema.const))
  if (schema.enum) return schema.enum.map((value) => code(JSON.stringify(value))).join(', ')
  if (anyOf) return anyOf.map((each) => describeValue(asSchema(each))).join(' or ')
  if (type === 'array') return `list of ${describeValue(asSchema(items)).replace(/^\w+/, '$&s')}`
  if (type === 'boolean') return 'true or false'
  if (type === 'integer') {
    const isBounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
    return `whole number, ${isBounded ? `${minimum} to ${maximum}` : `at least ${minimum}`}`
  }
  if (type !== 'object') return String(type)
  const title = RECORDS[name]
  if (title) return `objects by name: [${title}](#${toAnchor(title)})`
  if (typeof additionalProperties === 'object') return 'strings by name'
  const members = Object.entries(properties ?? {})
  if (members.some(([, each]) => name !== '' && asSchema(each).description)) return 'object'
  // An object among alternatives, or of plain members, has no rows of its own.
  return code(`{ ${members.map(([key]) => JSON.stringify(key)).join(', ')} }`)
}

type Member = JsonSchema | unknown[] | boolean | null | undefined

function asSchema(schema: Member): JsonSchema {
  return typeof schema === 'object' && schema !== null && !Array.isArray(schema) ? schema : {}
}
