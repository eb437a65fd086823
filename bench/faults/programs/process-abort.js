// class: leaving
// Every way out that a Node process has; what is there is called, what isn't is no way out.
exports.main = async () => {
  for (const leave of ['abort', 'reallyExit', '_kill', 'dlopen', 'binding', 'kill']) {
    try {
      process[leave]?.(process.pid, 'SIGKILL')
    } catch {}
  }
  return process.pid
}
