import { z } from 'zod'
import { findAlternatives } from '../settings/delegate.ts'
import { createConfigSchema } from './schema.ts'

/** A JSON Schema, as far as its readers look at it. */
export type JsonSchema = z.core.JSONSchema.JSONSchema

/**
 * The JSON Schema of the configuration file, for editors and for the reference. It has every member with
 * its description, default and limits. A start checks more: rules that JSON Schema cannot express.
 */
export function createJsonSchema(): JsonSchema {
  return toJsonSchema(createConfigSchema())
}

function toJsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const alternatives = findAlternatives(zodSchema)
      if (alternatives)
        jsonSchema.anyOf = alternatives.map((each) => {
          const { $schema: _, ...alternative } = toJsonSchema(each)
          return alternative
        })
      nameMembers(jsonSchema)
      omitFunctions(jsonSchema)
    },
  })
}

/** A record of known names becomes an object with these members, which editors complete. */
function nameMembers(schema: JsonSchema): void {
  const { propertyNames, additionalProperties: value } = schema
  if (typeof propertyNames !== 'object' || !propertyNames.enum || value === undefined) return
  schema.properties = Object.fromEntries(propertyNames.enum.map((name) => [String(name), value]))
  schema.additionalProperties = false
  delete schema.propertyNames
}

/** A function can be given in code only. Its schema is empty, and would permit everything. */
function omitFunctions(schema: JsonSchema): void {
  const choices = schema.anyOf?.filter((each) => Object.keys(each).length > 0)
  if (!choices || choices.length === schema.anyOf?.length) return
  delete schema.anyOf
  if (choices.length === 1) Object.assign(schema, { ...choices[0], ...schema })
  else schema.anyOf = choices
}
