import { notOffered } from './not-offered.ts'
import type { Realm } from './realm.ts'

const BECAUSE = 'an instance has one context. Use vm.runInThisContext, or new Function'

interface ScriptOptions {
  readonly filename?: unknown
}

/** `vm` in the one context there is: code runs in it as a script of its own. */
export function makeVm({ load }: Realm): object {
  const { validateString, validateObject } = load('internal/validators')
  const nameOf = (options: unknown, otherwise: string): string => {
    if (typeof options === 'string') return options
    if (options === undefined) return otherwise
    validateObject(options, 'options')
    const { filename } = options as ScriptOptions
    if (filename === undefined) return otherwise
    validateString(filename, 'options.filename')
    return filename as string
  }

  class Script {
    readonly #source: string
    readonly cachedDataRejected: undefined
    readonly sourceMapURL: undefined

    constructor(code: unknown, options?: unknown) {
      const text = `${code}`
      this.#source = named(text, nameOf(options, 'evalmachine.<anonymous>'))
      checkSyntax(text)
    }

    runInThisContext(): unknown {
      return indirectEval(this.#source)
    }

    runInContext(): never {
      throw notOffered('vm.Script.runInContext', BECAUSE)
    }

    runInNewContext(): never {
      throw notOffered('vm.Script.runInNewContext', BECAUSE)
    }

    createCachedData(): never {
      throw notOffered('vm.Script.createCachedData', BECAUSE)
    }
  }

  return {
    Script,
    ...refusedParts(),
    createScript: (code: unknown, options?: unknown) => new Script(code, options),
    runInThisContext: (code: unknown, options?: unknown) => {
      validateString(code, 'code')
      return new Script(code, options).runInThisContext()
    },
    compileFunction: (code: unknown, parameters: unknown, options?: Record<string, unknown>) => {
      validateString(code, 'code')
      if (options?.parsingContext !== undefined || options?.contextExtensions !== undefined) {
        throw notOffered('vm.compileFunction with a context', BECAUSE)
      }
      const list = parameters === undefined ? '' : (parameters as readonly string[]).join(',')
      return new Function(list, named(code as string, nameOf(options, '')))
    },
    isContext: (value: unknown) => {
      validateObject(value, 'object')
      return false
    },
    constants: {
      __proto__: null,
      USE_MAIN_CONTEXT_DEFAULT_LOADER: Symbol('vm_dynamic_import_main_context_default'),
      DONT_CONTEXTIFY: Symbol('vm_context_no_contextify'),
    },
  }
}

function refusedParts(): object {
  const refuse = (name: string) => (): never => {
    throw notOffered(`vm.${name}`, BECAUSE)
  }
  return {
    createContext: refuse('createContext'),
    runInContext: refuse('runInContext'),
    runInNewContext: refuse('runInNewContext'),
    measureMemory: refuse('measureMemory'),
  }
}

/** With the name its stack frames have. */
function named(code: string, filename: string): string {
  return filename === '' ? code : `${code}\n//# sourceURL=${filename.replace(/\s/g, '_')}`
}

/** Throws the SyntaxError that running it would, for what is no code in any case. */
function checkSyntax(code: string): void {
  // Made and never run. What only a function may hold, such as `return`, is found when the script runs.
  new Function(code)
}

// biome-ignore lint/security/noGlobalEval: it is what vm is for, and the code the function's own.
const indirectEval = eval
