/** Why packages can't be installed: one or two sentences, without a function's name. */
export class PackageProblem extends Error {
  override readonly name = 'PackageProblem'
  /** The package it is about, where that is known. */
  readonly packageName: string | undefined

  constructor(message: string, packageName?: string) {
    super(message)
    this.packageName = packageName
  }
}
