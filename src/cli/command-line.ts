import { readFile } from 'node:fs/promises'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { useUtc } from './clock.ts'
import { describeError } from './error-text.ts'
import { EXIT_CODES, type ExitCode, exitCodeOf } from './exit-code.ts'
import type { RemoteOptions } from './invoke-remote.ts'
import { Terminal } from './terminal.ts'

/** Runs the `cloudlet` command to its end and tells what to exit with. Never rejects. */
export async function runCommandLine(args: readonly string[]): Promise<ExitCode> {
  ignoreClosedPipes()
  let exitCode: ExitCode = EXIT_CODES.ok
  try {
    const program = createProgram(await readVersion(), code => {
      exitCode = code
    })
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    // Commander has printed its own message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage
    const terminal = new Terminal(process.stderr)
    terminal.line(terminal.paint('red', describeError(error)))
    return exitCodeOf(error)
  }
}

interface DevFlags {
  readonly data?: string
  readonly memory?: true
  readonly port: number
}

interface InvokeFlags extends RemoteOptions {
  readonly folder?: string
}

/** Verbs are loaded when they are run, so that help and remote calls don't wait for the engine. */
function createProgram(version: string, finish: (exitCode: ExitCode) => void): Command {
  const program = new Command('cloudlet')
    .description('Runs WeChat cloud functions on this machine.')
    .version(version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .showSuggestionAfterError()
    .showHelpAfterError('Run cloudlet --help to see what there is.')
    .exitOverride()
  program
    .command('dev')
    .description('serve every function in a folder, and reload those that change')
    .argument('<folder>', 'folder that holds a folder per function, or the root of a mini-program project')
    .addOption(
      new Option('--port <port>', 'port to listen on, 0 for a free one').default(7780).argParser(readPort),
    )
    .addOption(
      new Option(
        '--data <folder>',
        'where database and files are kept (default: .cloudlet beside the functions)',
      ),
    )
    .addOption(new Option('--memory', 'keep database and files in memory only').conflicts('data'))
    .action(async (folder: string, flags: DevFlags) => {
      useUtc()
      const { serveFolder } = await import('./dev.ts')
      await serveFolder(folder, { ...flags, version })
    })
  program
    .command('invoke')
    .description('call one function and print its result as JSON')
    .argument('<name>', 'name of the function')
    .argument('[json]', 'the event, a JSON object; - reads it from the standard input', '{}')
    .addOption(new Option('--url <url>', 'host to call').default('ws://127.0.0.1:7780'))
    .addOption(new Option('--openid <openid>', 'user to be').default('o-dev'))
    .addOption(new Option('--token <token>', 'token for the host, which then says who the user is'))
    .addOption(
      new Option('--folder <folder>', 'run it here from this folder, without a host').conflicts([
        'url',
        'token',
      ]),
    )
    .addHelpText('after', EXIT_CODE_HELP)
    .action(async (name: string, json: string, flags: InvokeFlags) => {
      if (flags.folder !== undefined) useUtc()
      const { invoke } = await import('./invoke.ts')
      finish(await invoke(name, json, flags))
    })
  return program
}

const EXIT_CODE_HELP = `
The result goes to the standard output, logs and errors to the standard error output.
Exit codes: 0 done, 1 the function failed, 2 bad usage or bad JSON, 3 no connection to the host.`

function readPort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('It must be from 0 to 65535.')
  return port
}

async function readVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  const { version }: { version: string } = JSON.parse(text)
  return version
}

/** `cloudlet invoke … | head` is no error of ours; any other fault of an output is thrown as usual. */
function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: Error) => {
      if (!('code' in error) || error.code !== 'EPIPE') throw error
    })
  }
}
