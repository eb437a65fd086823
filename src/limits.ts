/** Every fixed bound in one place. What an embedder may change is in options.ts; these are what it may not. */
export const LIMITS = Object.freeze({
  /** Event or result of one call, as JSON text, in UTF-16 code units: the cloud's own 6 MB (wxcloud-spec §1.9, §7). */
  valueChars: 6 * 1024 * 1024,
  /** Bytes of one file in one upload or download op. */
  fileBytes: 20 * 1024 * 1024,
  /** All files together while storage lives in memory, in bytes. On disk the disk is the limit. */
  memoryStorageBytes: 512 * 1024 * 1024,
  /** Rows one query may return to a function, and its default (wxcloud-spec §4.5). */
  serverQueryRows: 1000,
  serverQueryRowsDefault: 100,
  /** Rows one query may return to a client, and its default (wxcloud-spec §3.6). */
  clientQueryRows: 20,
  /** fileIDs in one getTempFileURL or deleteFile (wxcloud-spec §5.4, §5.5). */
  fileListItems: 50,
  /** One stored document, as JSON text, in bytes (wxcloud-spec §7). */
  documentBytes: 16 * 1024 * 1024,
  /** Depth of a stored document or a query. MongoDB allows 100. */
  valueDepth: 100,
  /** Length of a string `_id`, and of a regular expression in a filter (MongoDB's own bound), in UTF-16 units. */
  documentIdChars: 1024,
  regexChars: 32_764,
  /** Arguments or result of one database op, as JSON text, in UTF-16 units. */
  databaseMessageChars: 64 * 1024 * 1024,
  /** Database requests waiting for the worker. */
  databaseQueuedRequests: 20_000,
  /** Time one database op may run before it is stopped, and the part of it with regular expressions or `$expr`. */
  databaseOpMs: 30_000,
  databasePatternMs: 3000,
  /** Nulls an update may add to reach an index beyond an array's end: MongoDB's own bound. */
  arrayBackfillItems: 1_500_000,
  /** Length of a function's name (wxcloud-spec §1.1). */
  functionNameChars: 60,
  /** Length of a cloudPath in UTF-8 bytes (wxcloud-spec §5.2). */
  cloudPathBytes: 850,
  /** Host calls one invocation may have waiting at once. */
  hostCallsInFlight: 1000,
  /** Characters and bytes those calls may have sent together: three files of the largest size. */
  hostCallSizeInFlight: 64 * 1024 * 1024,
  /** Messages and characters of one crossing from a guest. */
  crossingMessages: 8192,
  crossingChars: 16 * 1024 * 1024,
  /**
   * What one call of a built-in may work on: items of an array or of what passes for one, characters of a text.
   * V8 can't be stopped inside (native-notes/deadlines.md); so many take it some tenths of a second.
   */
  builtinItems: 2 ** 25,
  builtinChars: 2 ** 25,
  /** Keys a built-in may make of the characters of a text. */
  builtinTextKeys: 2 ** 20,
  /** Arguments in one list; V8's stack holds about an eighth of it. */
  builtinArguments: 2 ** 20,
  /** Locales in one list. */
  builtinLocales: 1000,
  /** Combining marks in a row, in a text to be normalised. Unicode's stream-safe format has 30 at most. */
  builtinMarks: 128,
  /** Log lines and characters kept for one invocation; later lines are counted and dropped. */
  logLines: 1000,
  logChars: 256 * 1024,
  /** What of a thrown error crosses, in characters; longer text is cut, further fields are left out. */
  failureNameChars: 256,
  failureMessageChars: 64 * 1024,
  failureStackChars: 16 * 1024,
  failureFieldsChars: 64 * 1024,
  /** How deep functions may call functions. */
  callDepth: 16,
  /** Source of one deployment: all its script and JSON files together, in bytes. */
  deploymentBytes: 50 * 1024 * 1024,
  deploymentFiles: 20_000,
  /** Values and keys in one frame: as many as a JSON text of valueChars can hold, so that a small frame can't become a huge heap. */
  frameValues: 3 * 1024 * 1024,
  /** Depth of a frame: a document or filter at its limit, its tags, and the frame around it. */
  frameDepth: 256,
  /** Bytes a session may send before it is welcomed. */
  helloBytes: 64 * 1024,
})
