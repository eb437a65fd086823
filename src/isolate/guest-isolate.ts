import type { CompiledProgram, ProgramCompiler } from './compile.ts'
import type { HostAnswer } from './host-call.ts'
import type { IsolateKind, PoolKey } from './pool-key.ts'
import type { RuntimeKind } from './runtime-kind.ts'
import type { WedgeListener } from './thread-watch.ts'

/** One crossing on its way to a guest. */
export interface Entry {
  /** JSON text for the guest's door; without one it is made for its end. */
  readonly text: string | undefined
  /** What stands beside the text. The isolate gets copies. */
  readonly buffers: readonly Uint8Array[]
  /** The turns are expected to be over in no time: nobody needs to be told of their end, the guest says it. */
  readonly isQuick: boolean
  /** Nothing that came before in its invocations was seen outside the isolate: they can be run again elsewhere. */
  readonly isFresh: boolean
  /** It is quick, and a core may be kept busy for what is to cross next. */
  readonly mayLinger: boolean
}

/** The process that an isolate lived in is gone. */
export interface Loss {
  /**
   * What the isolate has to do with it: nothing, since it was not running; it alone was running; or it was one of
   * several that were.
   */
  readonly part: 'innocent' | 'culprit' | 'suspect'
  readonly message: string
}

/** Who hears of an isolate. */
export interface IsolateListener extends WedgeListener {
  /** Whether an invocation is under way in it. */
  isBusy(): boolean
  /** The guest's one callback was called: JSON text and the buffers beside it. Both are the guest's: check them. */
  onSent(text: unknown, buffers: readonly unknown[]): void
  /** The same, said by letter; Node runs microtasks and ticks behind it. */
  onLetter(text: string): void
  /** An entry that was not quick is over, and its microtasks ran. `error`: what went wrong in it, or ended the isolate. */
  onLeft(error: Error | undefined): void
  /** The same, of a quick entry where that is known; others may follow in its crossing. */
  onRejection(error: Error): void
  /** The isolate ended by itself, outside of an entry that somebody would be told of. */
  onDeath(error: unknown): void
  onLost(loss: Loss): void
  /** It is to be given up, when another serves in its place. Whether one is made for that now. */
  onDisplaced(): boolean
  /** It is to be given up as soon as it is idle. */
  onCondemned(): void
}

/** Nobody is told anything before a program was loaded. */
export const NOBODY: IsolateListener = {
  isBusy: () => false,
  onSent: () => {},
  onLetter: () => {},
  onLeft: () => {},
  onRejection: () => {},
  onDeath: () => {},
  onLost: () => {},
  onDisplaced: () => false,
  onCondemned: () => {},
  onWedged: () => {},
  onUnwedged: () => {},
}

/** Where the guest's thread waits for an answer (protocol/bridge.ts). */
export interface GuestWindow {
  /** The guest has all of the last answer, or will without asking for more. */
  readonly isDone: boolean
  /** Gives an answer, as much of it as fits at once. */
  open(answer: HostAnswer): void
  /** Gives the next piece. */
  next(): void
}

/** Where a guest that runs may leave what it says, for a host that is awake and looks there. */
export interface Letterbox {
  /** The next entry comes in a moment: its thread, if that waits for it, wakes meanwhile. */
  announce(): void
  /** Something may be left there from now on. */
  open(): void
  /** Hears what was left there, if something was and it is its turn. From where Node runs ticks behind it. */
  collect(): void
  /** Nothing may be left there any more. False if something was: it is to be collected. */
  close(): boolean
}

/** An isolate with the runtime in it, and a function once that is loaded, in this process or another. */
export interface GuestIsolate extends IsolateKind {
  /** What it was to have evaluated ahead is there. */
  readonly isReady: boolean
  readonly isDisposed: boolean
  /** It is to take no more work. */
  readonly isCondemned: boolean
  /** Quick entries of fresh invocations run on a thread that others of its process have in turn, not on its own. */
  readonly sharesThread: boolean
  /** undefined: it calls back and nothing else. */
  readonly letterbox: Letterbox | undefined
  listener: IsolateListener
  /** CPU time it has used, as far as is known, in milliseconds. */
  readonly cpuMs: number
  /**
   * Puts a program into it, once. No user code runs yet: the modules of the program are functions that its first
   * invocation calls. An entry made after the promise is fulfilled comes after it.
   */
  load(program: CompiledProgram): Promise<void>
  enter(entry: Entry): unknown
  /** Has the end of a quick entry told after all. */
  awaitEnd(): void
  /** @throws {BrokenBridge} for anything but a window of the runtime's, as it came beside a text. */
  openWindow(shared: unknown): GuestWindow
  /** What its heap takes, buffers outside included, in bytes; undefined if it ended meanwhile. */
  measureHeap(): Promise<number | undefined>
  /** Ends it, whatever it is doing. If its thread goes on, the listener is told. */
  dispose(): void
}

/** Why there is no room for an isolate, and what would make some: idle ones that go, others that come to their end. */
export interface RoomProblem {
  readonly message: string
  readonly remedy: 'evict' | 'wait' | 'none'
}

/** Where isolates come from. */
export interface IsolateSource {
  /** Many lost their isolates and need new ones, or to make one takes long: what is made ahead of need can wait. */
  readonly isRushed: boolean
  /** To be called when what `findProblem` said may be over. */
  onRoom: () => void
  /** Why the function is to run no more, if it isn't. */
  findRefusal(key: PoolKey): string | undefined
  /** Why no isolate can be made at the moment, for that function or at all. */
  findProblem(key?: PoolKey): RoomProblem | undefined
  /** One for that function, or a blank one for any. @throws when it can't be made. */
  make(kind: IsolateKind, key?: PoolKey): GuestIsolate
  /** The same, with what its kind names on its way into it. */
  makeSpare(kind: IsolateKind): GuestIsolate
  /** Whether that function may have that spare. */
  canTake(spare: GuestIsolate, key: PoolKey): boolean
  /** The spare becomes that function's. */
  take(spare: GuestIsolate, key: PoolKey): void
  /** Where programs are compiled for its isolates. */
  openCompiler(runtime: RuntimeKind): ProgramCompiler
  /** Ends whatever it has of its own, when no isolate is needed any more. */
  close(): Promise<void>
  /** No more isolates of that function are wanted. */
  forget(key: PoolKey): void
}
