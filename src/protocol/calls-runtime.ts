import Type from 'typebox'

const domain = Type.String({ maxLength: 4096 })
const shape = {
  args: Type.Object({ domain }, { additionalProperties: false }),
  result: Type.Object({ domain }),
}

/** What the isolate has used when it was last measured, at most a second of work ago, in bytes; 0 before. */
const MEMORY_OPS = {
  'memory.usage': {
    capability: 'runtime',
    args: Type.Object({}, { additionalProperties: false }),
    result: Type.Object({ heapUsedBytes: Type.Number() }),
  },
} as const

/** Domain names that are not plain ASCII, by Unicode's tables; '' for one that isn't valid. */
const URL_OPS = {
  'url.domainToAscii': { capability: 'runtime', ...shape },
  'url.domainToUnicode': { capability: 'runtime', ...shape },
} as const

/** Whether an instance may use WebAssembly: it asks once, and V8 in the isolate does the rest. */
const WEB_ASSEMBLY_OPS = {
  'webAssembly.use': {
    capability: 'webAssembly',
    args: Type.Object({}, { additionalProperties: false }),
    result: Type.Object({}),
  },
} as const

export const RUNTIME_OPS = { ...MEMORY_OPS, ...URL_OPS, ...WEB_ASSEMBLY_OPS } as const
