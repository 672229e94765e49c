import type { Command } from 'commander'
import { namePlace } from '../settings/store-place.ts'
import { BASE_URL_RULE, isBaseUrl } from '../settings/url.ts'
import { administer } from './administer.ts'
import { addConfirmOption, type ConfirmOptions, confirm } from './confirm.ts'
import { addDataCommand, type DataOptions, type Hint, type Surroundings } from './context.ts'
import { CommandError } from './output.ts'

/** Adds `issuer show` and `issuer set`. */
export function addIssuerCommands(program: Command, surroundings: Surroundings): void {
  const issuer = program
    .command('issuer')
    .description('Show or replace the issuer: the URL that tokens name in "iss" and "aud"')

  addDataCommand(issuer, 'show', {
    description: 'Show the issuer of the data folder or the database',
    examples: ['issuer show'],
  }).action((options: DataOptions) =>
    administer(surroundings, options, {}, async ({ admin, output, settings, hint }) => {
      const current = await admin.findIssuer()
      const none = `No issuer yet: the first server on this ${namePlace(settings)} settles it, or "${hint('issuer set URL')}".`
      output.result({ issuer: current ?? null }, current ?? none)
    }),
  )

  const set = addDataCommand(issuer, 'set', {
    description: 'Set the issuer, and end every token that names another one',
    examples: ['issuer set https://maps.example'],
  }).argument('<url>', 'URL of the broker, as in "issuer" or "publicUrl" of the configuration')
  addConfirmOption(set).action((url: string, options: DataOptions & ConfirmOptions) =>
    setIssuer(url, options, surroundings),
  )
}

async function setIssuer(
  url: string,
  options: DataOptions & ConfirmOptions,
  surroundings: Surroundings,
): Promise<void> {
  if (!isBaseUrl(url)) throw new CommandError(`The issuer ${BASE_URL_RULE} (given: "${url}").`, 2)
  await administer(
    surroundings,
    options,
    { mayCreate: true },
    async ({ admin, output, settings, hint }) => {
      const previous = await admin.findIssuer()
      if (previous === url) {
        output.result({ issuer: url, previous, ended: 0 }, `The issuer is ${url} already.`)
        return
      }
      if (previous !== undefined) {
        const apiTokens = await admin.countTokensOfIssuer()
        await confirm(surroundings, options, describeEnd(previous, apiTokens))
      }
      const ended = await admin.setIssuer(url)
      const text = describeChange(url, { previous, ended, place: namePlace(settings) }, hint)
      output.result({ issuer: url, previous: previous ?? null, ended }, text)
    },
  )
}

function describeEnd(previous: string, apiTokens: number): string {
  return `The issuer is ${previous} now. Another one ends ${countApiTokens(apiTokens)} for good, and every access token, session, refresh token and download token so far.`
}

function countApiTokens(count: number): string {
  return `${count} API ${count === 1 ? 'token' : 'tokens'}`
}

function describeChange(
  url: string,
  {
    previous,
    ended,
    place,
  }: {
    readonly previous: string | undefined
    readonly ended: number
    readonly place: string
  },
  hint: Hint,
): string {
  if (previous === undefined) return `The issuer is ${url}.`
  return [
    `The issuer is ${url}. It was ${previous}; ${countApiTokens(ended)} ended with it.`,
    `Start the servers on this ${place} again: until then they use the earlier one.`,
    `Create new API tokens with: ${hint('token create')}. Remote guards need the new one as their "issuer".`,
  ].join('\n')
}
