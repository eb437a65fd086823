import { readFile } from 'node:fs/promises'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { FunctionHostOptions } from '../index.ts'
import { useUtc } from './clock.ts'
import type { DataFlags } from './db-data.ts'
import type { ExportFlags } from './db-export.ts'
import type { ImportFlags } from './db-import.ts'
import type { IndexFlags } from './db-index.ts'
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

type InstallMode = NonNullable<FunctionHostOptions['install']>

type Isolation = NonNullable<FunctionHostOptions['isolation']>

interface ServeFlags {
  readonly isolation: Isolation
  readonly host?: string
  readonly tokens?: string
  readonly wechatSecretFile?: string
  readonly data?: string
  readonly memory?: true
  readonly port: number
  readonly install: InstallMode
}

interface InvokeFlags extends RemoteOptions {
  readonly folder?: string
  readonly install?: InstallMode
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
  const serve = async (folder: string, flags: ServeFlags, isDevelopment: boolean): Promise<void> => {
    useUtc()
    const { serveFolder } = await import('./serve.ts')
    await serveFolder(folder, { ...flags, isDevelopment, version })
  }
  const developing = program
    .command('dev')
    .description('serve every function in a folder, and reload those that change')
    .action(async (folder: string, flags: ServeFlags) => serve(folder, flags, true))
  const serving = program
    .command('serve')
    .description('serve every function in a folder as it is, for others to use')
    .addOption(
      new Option(
        '--host <address>',
        'address to listen on, with --tokens or a WeChat login (default: this machine alone)',
      ),
    )
    .addOption(new Option('--tokens <file>', 'JSON from token to caller: who may connect, and who they are'))
    .addHelpText('after', WECHAT_HELP)
    .action(async (folder: string, flags: ServeFlags) => serve(folder, flags, false))
  for (const command of [developing, serving]) addServeOptions(command)
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
    .addOption(installOption())
    .addHelpText('after', EXIT_CODE_HELP)
    .action(async (name: string, json: string, flags: InvokeFlags) => {
      if (flags.folder !== undefined) useUtc()
      const { invoke } = await import('./invoke.ts')
      finish(await invoke(name, json, flags))
    })
  addDatabaseVerbs(program.command('db').description('look after the database of a data directory'), finish)
  return program
}

function addServeOptions(command: Command): void {
  command
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
    .addOption(
      new Option(
        '--wechat-secret-file <file>',
        "file with the mini-program's AppSecret (default: WECHAT_SECRET of the environment, if it is set)",
      ),
    )
    .addOption(new Option('--memory', 'keep database and files in memory only').conflicts('data'))
    .addOption(
      new Option('--isolation <mode>', 'where functions run: processes of their own, or this one')
        .choices(['process', 'in-process'] satisfies Isolation[])
        .default('process'),
    )
    .addOption(installOption().default('auto'))
}

function installOption(): Option {
  return new Option(
    '--install <how>',
    "npm packages of functions without node_modules: install them, from npm's cache only, or not at all",
  ).choices(['auto', 'offline', 'never'] satisfies InstallMode[])
}

/** They open the database themselves, so no host may have it open at the same time. */
function addDatabaseVerbs(db: Command, finish: (exitCode: ExitCode) => void): void {
  const data = (): Option =>
    new Option('--data <folder>', 'folder that "cloudlet dev" keeps its data in').default('.cloudlet')
  const format = (): Option =>
    new Option('--format <format>', 'JSON Lines or CSV (default: by the name of the file)').choices([
      'json',
      'csv',
    ])
  db.command('list')
    .description('the collections, with their documents counted and their indexes')
    .addOption(data())
    .action(async (flags: DataFlags) => {
      const { listCollections } = await import('./db-collections.ts')
      finish(await listCollections(flags))
    })
  db.command('import')
    .description('read a file of JSON Lines or CSV into a collection')
    .argument('<collection>')
    .argument('<file>', 'the file; - reads the standard input')
    .addOption(data())
    .addOption(format())
    .addOption(
      new Option('--mode <mode>', 'whether a document whose _id exists is rejected or replaces the one there')
        .choices(['insert', 'upsert'])
        .default('insert'),
    )
    .option('--create', 'make the collection, and the database, if it is not there')
    .addHelpText('after', IMPORT_HELP)
    .action(async (collection: string, file: string, flags: ImportFlags) => {
      const { importFile } = await import('./db-import.ts')
      finish(await importFile(collection, file, flags))
    })
  db.command('export')
    .description('write a collection to a file of JSON Lines or CSV')
    .argument('<collection>')
    .argument('[file]', 'the file; - is the standard output', '-')
    .addOption(data())
    .addOption(format())
    .option('--fields <paths>', 'only these fields, with commas between; CSV needs them')
    .option('--query <json>', "only documents that fulfil this filter, in MongoDB's form")
    .action(async (collection: string, file: string, flags: ExportFlags) => {
      const { exportFile } = await import('./db-export.ts')
      finish(await exportFile(collection, file, flags))
    })
  db.command('index')
    .description('list the indexes of a collection, make one, or drop one')
    .argument('<collection>')
    .argument('[fields...]', 'fields of an index to make: path, path:-1 or path:2dsphere')
    .addOption(data())
    .option('--name <name>', 'name of the index to make')
    .option('--unique', 'no two documents with the same values')
    .option('--sparse', 'leave out documents that have none of the fields')
    .option('--drop <name>', 'drop the index of that name')
    .action(async (collection: string, fields: string[], flags: IndexFlags) => {
      const { manageIndexes } = await import('./db-index.ts')
      finish(await manageIndexes(collection, fields, flags))
    })
  db.command('drop')
    .description('remove a collection and all its documents')
    .argument('<collection>')
    .addOption(data())
    .option('--yes', 'do it')
    .action(async (collection: string, flags: DataFlags & { yes?: true }) => {
      const { dropCollection } = await import('./db-collections.ts')
      finish(await dropCollection(collection, flags))
    })
  addBackupVerbs(db, data, finish)
}

function addBackupVerbs(db: Command, data: () => Option, finish: (exitCode: ExitCode) => void): void {
  db.command('backup')
    .description('copy the whole database into a file')
    .argument('<file>', 'the file, which must not be there yet')
    .addOption(data())
    .action(async (file: string, flags: DataFlags) => {
      const { backupDatabase } = await import('./db-backup.ts')
      finish(await backupDatabase(file, flags))
    })
  db.command('restore')
    .description('put a backup in the place of the database')
    .argument('<file>', 'the backup')
    .addOption(data())
    .option('--yes', 'also where there is a database')
    .action(async (file: string, flags: DataFlags & { yes?: true }) => {
      const { restoreDatabase } = await import('./db-backup.ts')
      finish(await restoreDatabase(file, flags))
    })
}

const IMPORT_HELP = `
Each rejected record is told with its line; the others go in.
Exit codes: 0 all went in, 1 some were rejected or the database failed, 2 bad usage.`

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

const WECHAT_HELP = `
With WECHAT_SECRET or --wechat-secret-file, clients log in with WeChat (wx.login), unless there are --tokens.
WECHAT_APPID is the mini-program's appid (default: that of project.config.json).`
