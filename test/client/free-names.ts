import { type AnyNode, parse } from 'acorn'

/** Names that a script in ES5 uses and nowhere declares, sorted: its globals. */
export function freeNames(text: string): string[] {
  const declared = new Set<string>()
  const used = new Set<string>()
  visit(parse(text, { ecmaVersion: 5 }), declared, used)
  return [...used].filter(name => !declared.has(name)).sort()
}

function visit(node: AnyNode, declared: Set<string>, used: Set<string>): void {
  if (node.type === 'Identifier') used.add(node.name)
  if (node.type === 'VariableDeclarator') declare(node.id, declared)
  if (node.type === 'CatchClause') declare(node.param, declared)
  if (node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression') {
    declare(node.id, declared)
    for (const parameter of node.params) declare(parameter, declared)
    declared.add('arguments')
  }
  for (const [key, child] of Object.entries(node)) {
    if (isNameOf(node, key)) continue
    for (const item of Array.isArray(child) ? child : [child]) {
      if (typeof item === 'object' && item !== null && 'type' in item) visit(item, declared, used)
    }
  }
}

function declare(node: AnyNode | null | undefined, declared: Set<string>): void {
  if (node?.type === 'Identifier') declared.add(node.name)
}

/** Whether that child is the name of a property or a label, and no reference. */
function isNameOf(node: AnyNode, key: string): boolean {
  if (node.type === 'MemberExpression') return key === 'property' && !node.computed
  if (node.type === 'Property') return key === 'key'
  return key === 'label'
}
