import { Command } from 'commander'
import { readVersion } from '../settings/version.ts'
import { addAccountCommands } from './account-commands.ts'
import { addAuditCommand } from './audit-command.ts'
import type { RunningServer, Surroundings } from './context.ts'
import { addDatasetCommands } from './dataset-commands.ts'
import { addDoctorCommand } from './doctor-command.ts'
import { addInspectCommand } from './inspect-command.ts'
import { addIssuerCommands } from './issuer-commands.ts'
import { addKeyCommands } from './key-commands.ts'
import { addServeCommand } from './serve-command.ts'
import { addStoreCommands } from './store-commands.ts'
import { addTokenCommands } from './token-commands.ts'
import { addUpstreamCommands } from './upstream-commands.ts'

/** Creates the command line. Parsing throws instead of ending the process. */
export function createProgram(
  surroundings: Surroundings,
  onStart: (server: RunningServer) => void,
): Command {
  // Commands inherit these settings when they are added, so the settings come first.
  const program = new Command('tilepass')
    .version(readVersion(), '--version', 'print the version')
    .description('Token broker for private map tiles')
    .addHelpText(
      'after',
      '\nExamples:\n  tilepass serve\n  tilepass account create city\n  tilepass token create --account city --scope "tiles:read"\n  tilepass token list',
    )
    .exitOverride()
    .showHelpAfterError('Add --help to see the usage.')
    .configureOutput({ writeOut: surroundings.writeOut, writeErr: surroundings.writeError })
  addServeCommand(program, surroundings, onStart)
  addTokenCommands(program, surroundings)
  addAccountCommands(program, surroundings)
  addDatasetCommands(program, surroundings)
  addKeyCommands(program, surroundings)
  addStoreCommands(program, surroundings)
  addIssuerCommands(program, surroundings)
  addAuditCommand(program, surroundings)
  addUpstreamCommands(program, surroundings)
  addInspectCommand(program, surroundings)
  addDoctorCommand(program, surroundings)
  return program
}
