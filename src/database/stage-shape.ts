import { type Document, isDocument } from './document.ts'
import { failed, scopeOf } from './evaluation.ts'
import { removeAt, setAt } from './field-edit.ts'
import { readFieldPath, readReference, valueAt } from './field-path.ts'
import { addFields, projectionOf, type Reshape } from './shape.ts'
import {
  ALL_FIELDS,
  badStage,
  fieldsOf,
  readFields,
  requireFields,
  type Stage,
  type StageContext,
  type StageTable,
} from './stage.ts'
import { typeNameOf } from './value-type.ts'

/** Stages that make each document another one, or several. */
export const SHAPE_STAGES: StageTable = {
  $addFields: readAddFields,
  $set: readAddFields,
  $project: (operand, context) => {
    const { name, compiler } = context
    const project = projectionOf(name, requireFields(context, operand), compiler)
    return { use: ALL_FIELDS, run: mapping(project) }
  },
  $unset: (operand, context) => {
    const paths = Array.isArray(operand) ? operand : [operand]
    if (paths.length === 0) throw badStage(context, 'needs the path of a field, or several.')
    const dropped = paths.map(path => [readFieldPath(path, 'A path of $unset').text, 0])
    return {
      use: ALL_FIELDS,
      run: mapping(projectionOf('$unset', Object.fromEntries(dropped), context.compiler)),
    }
  },
  $replaceRoot: (operand, context) => {
    const fields = readFields(context, operand, ['newRoot'])
    if (!Object.hasOwn(fields, 'newRoot')) throw badStage(context, 'needs newRoot.')
    return replaceRoot(fields['newRoot'], context)
  },
  $replaceWith: (operand, context) => replaceRoot(operand, context),
  $unwind: readUnwind,
}

function mapping(reshape: Reshape): Stage['run'] {
  return function* (documents, run) {
    for (const document of documents) yield reshape(document, run)
  }
}

function readAddFields(operand: unknown, context: StageContext): Omit<Stage, 'name'> {
  const fields = requireFields(context, operand)
  const reshape = addFields(context.name, fields, context.compiler)
  const { names, isAll } = context.compiler.use
  return {
    use: { names: new Set([...names, ...fieldsOf(Object.keys(fields)).names]), isAll },
    run: mapping(reshape),
  }
}

function replaceRoot(operand: unknown, { name, compiler }: StageContext): Omit<Stage, 'name'> {
  const evaluate = compiler.compile(operand)
  return {
    use: ALL_FIELDS,
    run: mapping((document, { variables }) => {
      const root = evaluate(scopeOf(document, variables))
      if (isDocument(root)) return root
      throw failed(
        `${name} needs newRoot to be an object for every document; for one it is ${typeNameOf(root)}.`,
      )
    }),
  }
}

function readUnwind(operand: unknown, context: StageContext): Omit<Stage, 'name'> {
  const known = ['path', 'includeArrayIndex', 'preserveNullAndEmptyArrays']
  const fields = typeof operand === 'string' ? { path: operand } : readFields(context, operand, known)
  const { segments } = readReference(fields['path'], 'The path of $unwind')
  const { includeArrayIndex, preserveNullAndEmptyArrays: keepsEmpty = false } = fields
  if (typeof keepsEmpty !== 'boolean') {
    throw badStage(context, 'needs true or false as preserveNullAndEmptyArrays.')
  }
  const indexPath =
    includeArrayIndex === undefined
      ? undefined
      : readFieldPath(includeArrayIndex, 'includeArrayIndex').segments
  return {
    use: fieldsOf([...segments.slice(0, 1), ...(indexPath?.slice(0, 1) ?? [])]),
    run: function* (documents) {
      for (const document of documents) {
        const value = valueAtPlainPath(document, segments)
        if (Array.isArray(value) && value.length > 0) {
          for (const [index, item] of value.entries()) {
            const unwound = setAt(document, segments, item)
            yield indexPath === undefined ? unwound : setAt(unwound, indexPath, index)
          }
        } else if (Array.isArray(value) ? keepsEmpty : keepsEmpty || (value ?? null) !== null) {
          const kept = Array.isArray(value) ? removeAt(document, segments) : document
          yield indexPath === undefined ? kept : setAt(kept, indexPath, null)
        }
      }
    },
  }
}

/** Through objects only: what lies within an array is not unwound. */
function valueAtPlainPath(document: Document, segments: readonly string[]): unknown {
  let value: unknown = document
  for (const segment of segments) {
    if (!isDocument(value)) return undefined
    value = valueAt(value, [segment])
  }
  return value
}
