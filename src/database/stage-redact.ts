import { setField } from '../protocol/value.ts'
import { type Document, isDocument } from './document.ts'
import { type Evaluate, failed, type Scope, scopeOf } from './evaluation.ts'
import { ALL_FIELDS, type StageTable } from './stage.ts'

/** Leaves out what an expression says, level by level: `$$KEEP`, `$$PRUNE` or `$$DESCEND` into objects. */
export const REDACT_STAGES: StageTable = {
  $redact: (operand, { compiler }) => {
    const decide = compiler.compile(operand)
    return {
      use: ALL_FIELDS,
      run: function* (documents, { variables }) {
        for (const document of documents) {
          const redacted = redact(document, decide, scopeOf(document, variables))
          if (redacted !== undefined) yield redacted
        }
      },
    }
  },
}

function redact(document: Document, decide: Evaluate, scope: Scope): Document | undefined {
  const decision = decide({ ...scope, current: document })
  if (decision === '$$KEEP') return document
  if (decision === '$$PRUNE') return undefined
  if (decision !== '$$DESCEND') throw failed('$redact needs $$KEEP, $$PRUNE or $$DESCEND for every document.')
  const kept: Document = {}
  for (const [name, value] of Object.entries(document)) {
    const redacted = redactBelow(value, decide, scope)
    if (redacted !== undefined) setField(kept, name, redacted)
  }
  return kept
}

function redactBelow(value: unknown, decide: Evaluate, scope: Scope): unknown {
  if (Array.isArray(value)) {
    return value.map(item => redactBelow(item, decide, scope)).filter(item => item !== undefined)
  }
  return isDocument(value) ? redact(value, decide, scope) : value
}
