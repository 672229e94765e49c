import { createProgram } from '../../../server/src/cli/program.ts'
import { GENERATED } from './markdown.ts'

const INTRODUCTION = `# Commands

\`\`\`sh
npx tilepass --help
\`\`\`

The commands of \`@tilepass/broker\`, as \`tilepass COMMAND --help\` prints them. They work on the data folder while the server runs on it. All of them take \`--config\` and \`--data\`; all except \`serve\` print JSON with \`--json\`. The exit code is 0 for success, 1 for failure, 2 for wrong usage.`

/** Writes `docs/reference/commands.md` from the help of each command. */
export function renderCommands(): string {
  let printed = ''
  const program = createProgram(
    {
      env: {},
      now: () => 0,
      readInput: async () => '',
      writeError: () => {},
      writeOut: (text) => {
        printed += text
      },
    },
    () => {},
  )
  const sections = listCommands(program).map(({ path, command }) => {
    printed = ''
    command.configureHelp({ helpWidth: 100 })
    command.outputHelp()
    return `## ${path}\n\n\`\`\`text\n${printed.trim()}\n\`\`\``
  })
  return `${[GENERATED, INTRODUCTION, ...sections].join('\n\n')}\n`
}

type Command = ReturnType<typeof createProgram>

interface Listed {
  readonly path: string
  readonly command: Command
}

/** Every command that does something, in the order of the help. */
function listCommands(parent: Pick<Command, 'name' | 'commands'>, path = parent.name()): Listed[] {
  return parent.commands.flatMap((command) => {
    const own = `${path} ${command.name()}`
    return command.commands.length > 0 ? listCommands(command, own) : [{ path: own, command }]
  })
}
