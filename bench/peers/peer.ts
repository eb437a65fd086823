/** One way to run many functions beside each other from a Node process. */
export interface Peer {
  readonly name: string
  /** Where a function runs. */
  readonly place: string
  /** So many functions are loaded to see what one takes: fewer where each takes much. */
  readonly densityCount: number
  /** Makes what all functions share. Whatever that costs is not measured. */
  start(): Promise<Runtime>
}

/** A peer that has been started. Its files hold plain JavaScript where no compiler may stand in the way. */
export interface Runtime {
  /** What is done once per version of a function, such as writing or compiling it. Not measured. */
  deploy(name: string, source: string): Promise<void>
  /** Starts a deployed function. What it leaves to the first call is measured there. */
  load(name: string): Promise<LoadedFunction>
  /** Ends everything. */
  close(): Promise<void>
}

export interface LoadedFunction {
  /** Runs it for one event. Rejects when it throws. */
  call(event: object): Promise<unknown>
  unload(): Promise<void>
}
