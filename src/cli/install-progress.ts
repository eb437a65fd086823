import type { DeployProgress } from '../index.ts'
import type { Terminal } from './terminal.ts'

/** Names that are told before "and 3 more". */
const MAX_NAMES = 3

/** Tells of a function's packages: a line when they begin to be installed, a count that moves, a line when they are there. */
export function printInstallProgress(progress: DeployProgress, terminal: Terminal): void {
  const { step, functionName, packages, fetchedCount, elapsedMs } = progress
  const names = listNames(packages)
  switch (step) {
    case 'start':
      terminal.line(terminal.paint('dim', `${functionName}: installing ${names} …`))
      break
    case 'wait':
      terminal.line(terminal.paint('dim', `${functionName}: another process installs ${names} …`))
      break
    case 'fetch':
      terminal.status(`${functionName}: ${fetchedCount} fetched, ${Math.floor(elapsedMs / 1000)} s`)
      break
    case 'done':
      terminal.line(
        terminal.paint('dim', `${functionName}: ${names} installed in ${(elapsedMs / 1000).toFixed(1)} s`),
      )
      break
    default:
      step satisfies never
  }
}

function listNames(names: readonly string[]): string {
  const told = names.slice(0, MAX_NAMES).join(', ')
  return names.length <= MAX_NAMES ? told : `${told} and ${names.length - MAX_NAMES} more`
}
