#!/usr/bin/env node
// Nothing is imported before the version is known to be one that can load it.
const [major = 0] = process.versions.node.split('.').map(Number)
if (major < 24) {
  console.error(
    `cloudlet needs Node 24 or newer, and this is Node ${process.versions.node} (${process.execPath}).`,
  )
  process.exitCode = 2
} else {
  const { runCommandLine } = await import('./command-line.ts')
  process.exitCode = await runCommandLine(process.argv.slice(2))
}

export {}
