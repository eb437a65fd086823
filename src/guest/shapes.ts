import { type CallerVariables, IDENTITY_VARIABLES } from '../protocol/bridge.ts'
import { FIRST_INVOCATION } from '../protocol/first-invocation.ts'
import { makeContext, setFixedContext } from './context.ts'
import { defineValue, JSONParse, JSONStringify, ObjectHasOwn, ObjectKeys } from './intrinsics.ts'
import { makeModule, makeRequire } from './require.ts'
import { makeRun } from './run.ts'

/**
 * Objects like those that an instance's first invocation makes. V8 finds the hidden class of a new object as long as one
 * of its shape is alive, so theirs are in the snapshot: to make them was a tenth of what a cold start takes in the
 * isolate (native-notes/snapshot.md).
 */
const shapes: unknown[] = makeShapes()

/** The instance has its own from now on. */
export function dropShapes(): void {
  shapes.length = 0
}

function makeShapes(): unknown[] {
  const { fixed } = FIRST_INVOCATION
  setFixedContext(fixed.context)
  const nothing = (): void => {}
  const completions = { done: nothing, succeed: nothing, fail: nothing }
  const module = makeModule('/', undefined)
  return [
    JSONParse(JSONStringify([FIRST_INVOCATION, { ...FIRST_INVOCATION, variables: {} }]) as string),
    completions,
    makeContext('', '', completions),
    makeEnvironment({}),
    makeEnvironment(FIRST_INVOCATION.variables),
    module,
    makeRequire(module),
    makeRun(),
  ]
}

/** As `process.env` is filled. */
function makeEnvironment(caller: CallerVariables): object {
  const { environment, variables } = FIRST_INVOCATION.fixed
  const told = { ...variables, ...caller, TCB_SEQID: '', WX_CONTEXT_KEYS: '' }
  const names = [...ObjectKeys(environment), ...IDENTITY_VARIABLES]
  const filled = {}
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string
    if (ObjectHasOwn(environment, name) || ObjectHasOwn(told, name)) defineValue(filled, name, '')
  }
  return filled
}
