import { codedError } from './coded-error.ts'
import { ErrorCtor, StringSlice, StringSplit, TypeErrorCtor } from './intrinsics.ts'
import type { Module } from './module.ts'
import { isPath } from './paths.ts'

export function checkSpecifier(specifier: unknown, name = 'id'): asserts specifier is string {
  if (typeof specifier !== 'string') {
    throw codedError(
      new TypeErrorCtor(`The "${name}" argument must be of type string. Received ${typeof specifier}`),
      'ERR_INVALID_ARG_TYPE',
    )
  }
  if (specifier === '') {
    throw codedError(
      new TypeErrorCtor(`The argument '${name}' must be a non-empty string. Received ''`),
      'ERR_INVALID_ARG_VALUE',
    )
  }
}

/** For a name with Node's scheme. */
export function unknownBuiltin(specifier: string): Error {
  const hint = offersNot(StringSlice(specifier, 5))
  return codedError(
    new ErrorCtor(`No such built-in module: ${specifier}${hint === '' ? '' : `\n${hint}`}`),
    'ERR_UNKNOWN_BUILTIN_MODULE',
  )
}

/** Node's built-in modules, to tell "not offered" from "not installed". */
const NODE_NAMES =
  ' assert async_hooks child_process cluster console constants crypto dgram diagnostics_channel dns domain events fs http http2 https inspector module net os path perf_hooks process punycode querystring readline repl stream string_decoder sys timers tls trace_events tty url util v8 vm wasi worker_threads zlib '

function offersNot(name: string): string {
  const isNodeModule = StringSplit(NODE_NAMES, ` ${StringSplit(name, '/')[0]} `).length > 1
  return isNodeModule
    ? `The Node.js built-in "${name}" is not offered to functions by this version of cloudlet.`
    : ''
}

/** Node's error, and what to do about it. */
export function missingModule(module: Module, specifier: string): Error {
  const requireStack: string[] = []
  for (let from: Module | undefined = module; from !== undefined; from = from.parent) {
    requireStack[requireStack.length] = from.filename
  }
  let stack = ''
  for (let index = 0; index < requireStack.length; index++) stack += `\n- ${requireStack[index]}`
  const unoffered = offersNot(specifier)
  const hint =
    unoffered !== ''
      ? unoffered
      : isPath(specifier)
        ? 'Check the path and the letter case of the file name.'
        : `Run "npm install ${specifier}" in the function's folder and deploy it again.`
  const message = `Cannot find module '${specifier}'\nRequire stack:${stack}\n${hint}`
  return Object.assign(codedError(new ErrorCtor(message), 'MODULE_NOT_FOUND'), { requireStack })
}
