export enum Grade {
  Guest,
  Member,
  Gold,
}

export interface Line {
  readonly good: string
  readonly count: number
}

export interface Order {
  readonly lines: readonly Line[]
  readonly grade?: Grade
  readonly currency?: string
}
