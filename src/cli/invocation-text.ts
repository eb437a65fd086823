import type { DeploymentInfo, InvocationReport, LogLine } from '../index.ts'
import { formatTime } from './clock.ts'
import { describeError } from './error-text.ts'
import { formatTable } from './table.ts'
import { printable, type Style, type Terminal } from './terminal.ts'

/** One finished invocation as lines: when, which, for whom, cold or warm, how long, how it ended; then its logs. */
export function formatInvocation(report: InvocationReport, timeMs: number, terminal: Terminal): string[] {
  const { functionName, caller, coldStart, durationMs, error } = report
  const head = [
    terminal.paint('dim', formatTime(timeMs)),
    terminal.paint('bold', printable(functionName)),
    printable(caller.openid ?? '-'),
    coldStart ? terminal.paint('cyan', 'cold') : 'warm',
    `${durationMs.toFixed(1)} ms`,
    error === undefined ? terminal.paint('green', 'ok') : terminal.paint('red', error.code),
  ]
  const logs = report.logs.map(log => indent(formatLog(log, terminal)))
  const failure = error === undefined ? [] : [indent(terminal.paint('red', describeError(error)))]
  return [head.join('  '), ...logs, ...failure]
}

/** One log line of a function; its level shows unless it is plain `console.log`. */
export function formatLog({ level, message }: LogLine, terminal: Terminal): string {
  const text = printable(message)
  if (level === 'info') return text
  return terminal.paint(LOG_STYLES[level], `${level}: ${text}`)
}

const LOG_STYLES: Readonly<Record<LogLine['level'], Style>> = Object.freeze({
  debug: 'dim',
  info: 'dim',
  warn: 'yellow',
  error: 'red',
})

/** The deployed functions as a table with a heading. */
export function formatDeployments(deployments: readonly DeploymentInfo[]): string[] {
  // Whoever serves functions to everyone should see it.
  const hasPaths = deployments.some(({ httpPath }) => httpPath !== undefined)
  const rows = deployments.map(({ name, version, fileCount, sizeBytes, timeoutMs, memoryMb, httpPath }) => [
    name,
    version.slice(0, 8),
    String(fileCount),
    `${(sizeBytes / 1024).toFixed(1)} KB`,
    `${timeoutMs / 1000} s`,
    `${memoryMb} MB`,
    ...(hasPaths ? [httpPath ?? ''] : []),
  ])
  const heading = ['function', 'version', 'files', 'size', 'timeout', 'memory', ...(hasPaths ? ['http'] : [])]
  return formatTable([heading, ...rows], [2, 3, 4, 5])
}

export function indent(text: string): string {
  return text.replace(/^/gm, '  ')
}
