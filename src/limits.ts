/** Every fixed bound in one place. What an embedder may change is in options.ts; these are what it may not. */
export const LIMITS = Object.freeze({
  /** Event or result of one call, as JSON text, in UTF-16 code units: the cloud's own 6 MB (wxcloud-spec §1.9, §7). */
  valueChars: 6 * 1024 * 1024,
  /** Bytes of one file in one upload or download op. */
  fileBytes: 20 * 1024 * 1024,
  /** Bytes of one chunk of an upload or download in chunks. */
  uploadChunkBytes: 1024 * 1024,
  /** Chunks of one upload that are shorter and not the last. */
  shortChunks: 100,
  /** Uploads in chunks that are not finished, of one client and of all; functions and the host have as many of theirs. */
  clientUploads: 16,
  uploads: 1000,
  /** Those that are finished and still known, likewise. */
  clientFinishedUploads: 64,
  finishedUploads: 1000,
  /** Time one may take in all, until its first chunk, and is known after it was finished, in milliseconds. */
  uploadMs: 24 * 60 * 60 * 1000,
  uploadFirstChunkMs: 2 * 60 * 1000,
  uploadFinishedMs: 10 * 60 * 1000,
  /** How long a temporary file is there, in milliseconds; how many of one client and of all there may be at once. */
  temporaryFileMs: 2 * 60 * 60 * 1000,
  clientTemporaryFiles: 64,
  temporaryFiles: 10_000,
  /** Values of CDN in one call, as of CloudID. */
  cdnTargets: 5,
  /** What a file counts as beside its bytes, where all files together have a bound: about what its record takes. */
  fileOverheadBytes: 4096,
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
  /** Time one database op may run before it is stopped, and the part of it with regular expressions, `$expr` or geometry. */
  databaseOpMs: 30_000,
  databasePatternMs: 3000,
  /** Time one aggregation may run: less than any op's, so that it is stopped by itself and not with its thread. */
  databaseAggregateMs: 20_000,
  /** Stages of one pipeline: MongoDB's own bound. */
  pipelineStages: 1000,
  /** Rows one aggregation may return (wxcloud-spec §4.9), and those it returns on the platform without a limit stage. */
  aggregateRows: 10_000,
  aggregateRowsDefault: 20,
  /** Bytes the stages of one aggregation may hold together: as much as MongoDB gives each of them. */
  aggregateHeldBytes: 100 * 1024 * 1024,
  /** Array elements and characters the operators of one expression may make for one document. */
  expressionSize: 16 * 1024 * 1024,
  /** Positions of one geometry in a filter or in an indexed field; comparing two takes time with their product. */
  geoPositions: 10_000,
  /** Indexes of one collection, and fields of one index: MongoDB's own bounds (wxcloud-spec §7). Length of an index's name. */
  indexesPerCollection: 64,
  indexFields: 31,
  indexNameChars: 128,
  /** Entries the arrays of one document may give in one index: MongoDB's own bound. */
  indexEntries: 100_000,
  /** Time a transaction may be open (wxcloud-spec §4.10), and how many may be, on the host and of one invocation. */
  transactionMs: 30_000,
  openTransactions: 500,
  invocationTransactions: 20,
  /** Documents one transaction may write, and their JSON together, in UTF-16 units: MongoDB's 16 MB. */
  transactionDocuments: 1000,
  transactionChars: 16 * 1024 * 1024,
  /** What is kept of documents changed while transactions are open, for them to see, in UTF-16 units. */
  transactionHistoryChars: 64 * 1024 * 1024,
  /** Documents a query may look at without an index before the log says so. */
  unindexedDocuments: 10_000,
  /** Nulls an update may add to reach an index beyond an array's end: MongoDB's own bound. */
  arrayBackfillItems: 1_500_000,
  /**
   * Length of a security rule, its `get()` calls, how deep they nest, and documents one request may make them read
   * (wxcloud-spec §3.8; the last as in the platform's documentation).
   */
  ruleChars: 1024,
  ruleGets: 3,
  ruleGetDepth: 2,
  ruleDocuments: 10,
  /** Documents of one watch (wxcloud-spec §3.9), and their JSON text in UTF-16 units: an event's own 6 MB. */
  watchDocuments: 5000,
  watchChars: 6 * 1024 * 1024,
  /** Watches of one session, and of the whole host; and the documents of all of them. */
  sessionWatches: 100,
  watches: 10_000,
  watchedDocuments: 250_000,
  /** Time the patterns of one watch may run after a write, in milliseconds. */
  watchPatternMs: 500,
  /** How often a watch whose rule compares with `now` is looked at when nothing is written, in milliseconds. */
  watchTimeMs: 2000,
  /** One record of a file that is imported, in UTF-16 units: twice a document, for types spelt out. */
  importRecordChars: 32 * 1024 * 1024,
  /**
   * In the simulator, as on the platform: one item of `wx.setStorage` and all of them, in bytes; pages on the stack;
   * JSON of one `setData`, in UTF-16 units.
   */
  localItemBytes: 1024 * 1024,
  localBytes: 10 * 1024 * 1024,
  pageStackPages: 10,
  pageDataChars: 1024 * 1024,
  /** Length of a function's name (wxcloud-spec §1.1). */
  functionNameChars: 60,
  /** Length of a cloudPath in UTF-8 bytes (wxcloud-spec §5.2). */
  cloudPathBytes: 850,
  /** Host calls one invocation may have waiting at once. */
  hostCallsInFlight: 1000,
  /** Characters and bytes those calls may have sent together: three files of the largest size. */
  hostCallSizeInFlight: 64 * 1024 * 1024,
  /** Bytes of large answers that are made, or wait for the thread of their invocation, at once; a single one may be larger. */
  hostLargeAnswerBytes: 3 * 1024 * 1024,
  /** What a guest may send in one turn, in characters and bytes, before the calls in it wait for the turn's end. */
  hostTurnSize: 3 * 1024 * 1024,
  /** Characters of answers that wait for the thread of one invocation; a single one may be longer. */
  hostAnswerChars: 64 * 1024 * 1024,
  /** Host calls one invocation may make with its thread waiting, in all: what Node does at once. */
  hostAsks: 100_000,
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
  /** A log may have as many characters as this, at most, whatever a host is asked for. */
  logChars: 4 * 1024 * 1024,
  /** An answer of WeChat's servers in bytes, as large as a file may be; its error text in UTF-16 units. */
  wechatReplyBytes: 20 * 1024 * 1024,
  wechatMessageChars: 1024,
  /** Users whose logins are kept while they are kept in memory. */
  wechatUsers: 100_000,
  /** Values of CloudID in one call, how long they are valid, and characters of one (wxcloud-spec §3.3). */
  cloudIDs: 5,
  cloudIDMs: 300_000,
  cloudIDChars: 16 * 1024,
  /** Files of one call of `cloud.openapi`; ids of one `getOpenData`. */
  wechatMedia: 10,
  openDataIDs: 50,
  /** Requests of functions to WeChat at once; bytes of the files one invocation may get by them. */
  wechatRequests: 64,
  wechatFileBytes: 64 * 1024 * 1024,
  /** Times in a minute that an access token is asked for, and for how long a failure stands. */
  wechatTokenFetches: 10,
  wechatTokenRetryMs: 5000,
  /** APIs in permissions.openapi of a config.json. */
  openapiPermissions: 500,
  /** What of a thrown error crosses, in characters; longer text is cut, further fields are left out. */
  failureNameChars: 256,
  failureMessageChars: 64 * 1024,
  failureStackChars: 16 * 1024,
  failureFieldsChars: 64 * 1024,
  /** Bytes of one key as PEM or DER, or of its passphrase; of any other part of a crypto op but the data; of its output. */
  cryptoKeyBytes: 64 * 1024,
  cryptoPartBytes: 1024 * 1024,
  /** Data of ciphers that take it in one piece. */
  cryptoWholeBytes: 256 * 1024,
  cryptoOutputBytes: 1024 * 1024,
  /** Length of RSA, DSA and DH keys that are used; in RSA's encryption, which has no form in Node's pool. */
  cryptoKeyBits: 8192,
  cryptoRsaEncryptBits: 4096,
  /** All numbers together of a private DSA or DH key, of which OpenSSL computes the public one when it reads it. */
  cryptoComputedBits: 13_312,
  /** Length of keys and primes that are generated or tested, of DSA's, and of safe primes: seconds each. */
  cryptoGenerateBits: 4096,
  cryptoDsaBits: 2048,
  cryptoSafePrimeBits: 1024,
  /** Rounds of a test of primality. */
  cryptoPrimeChecks: 64,
  /** Iterations of one PBKDF2, for each 64 bytes of output: about two seconds. */
  cryptoIterations: 5_000_000,
  /** Memory of one scrypt (128 · N · r); p may take four times the work. */
  cryptoScryptBytes: 128 * 1024 * 1024,
  /** Hashes, ciphers and compressions one invocation may have open on the host, their memory, and that of all. */
  nativeHandles: 1000,
  nativeHandleBytes: 384 * 1024 * 1024,
  hostNativeHandleBytes: 512 * 1024 * 1024,
  /** Output of a compression in one answer; what comes after it waits inside. */
  zlibPieceBytes: 256 * 1024,
  /**
   * Threads of Node's pool that computations for functions may hold, those of seconds and those of milliseconds each,
   * and how many may wait for one.
   */
  heavyWorkPlaces: 2,
  heavyWorkWaiting: 10_000,
  /** How deep functions may call functions. */
  callDepth: 16,
  /** Bytes of one answer of a socket, at most. */
  networkChunkBytes: 64 * 1024,
  /** Connections of all functions of a host together. */
  networkConnections: 2048,
  /**
   * Lookups at once by the system's resolver, of one invocation one less: as many as libuv gives to it of the four
   * threads that files need too.
   */
  networkLookups: 2,
  /** Addresses an invocation looked up of which the names are known, and names of one of them. */
  networkKnownAddresses: 1000,
  networkNamesOfAddress: 16,
  /** Entries of one list of hosts. */
  networkRules: 1000,
  /** Certificates, keys and what else one TLS handshake is asked with, in UTF-16 units; a single key. */
  tlsOptionChars: 512 * 1024,
  tlsKeyChars: 16 * 1024,
  /** Length of the numbers in such a key: the host's thread signs with it. */
  tlsKeyBits: 4096,
  /** A collections.json beside the functions, in bytes. */
  collectionsFileBytes: 1024 * 1024,
  /** Source of one deployment: all its script and JSON files together, in bytes. */
  deploymentBytes: 50 * 1024 * 1024,
  deploymentFiles: 20_000,
  /** Mappings of one source map of a function's own files, in UTF-16 units. */
  sourceMapChars: 8_388_608,
  /** Of a function's own files: bytes of one reading, and names in one directory. */
  fileSliceBytes: 512 * 1024,
  directoryNames: 20_000,
  /** What of an instance's memory its `/tmp` may take; files, directories and links there; descriptors open at once. */
  tmpMemoryShare: 0.5,
  tmpEntries: 16_384,
  openFiles: 1024,
  /** Sets of packages a host installs at the same time; and days after which a set goes that nobody has used. */
  packageInstalls: 4,
  packageIdleDays: 30,
  /** One frame between the host and a cell: the longest answer in UTF-8, and bytes beside it. */
  cellFrameBytes: 256 * 1024 * 1024,
  /** Messages in it. */
  cellMessages: 65_536,
  /** Isolates of a cell beside those of functions: spares, compilers, and those that are about to end. */
  isolatesBesides: 100,
  /** Cells of functions that are kept from all others. */
  ownCells: 4,
  /** What a cell may leave untaken of what the host has to say to it. */
  cellWaitingBytes: 1024 * 1024 * 1024,
  /** Values and keys in one frame: as many as a JSON text of valueChars can hold, so that a small frame can't become a huge heap. */
  frameValues: 3 * 1024 * 1024,
  /** Depth of a frame: a document or filter at its limit, its tags, and the frame around it. */
  frameDepth: 256,
  /** Frames that travel as one message. */
  listFrames: 256,
  /** Header lines of a function's own HTTP answer, and their bytes: what most clients take. */
  httpHeaders: 100,
  httpHeaderBytes: 16 * 1024,
  /** Time a client without calls has from the goodbye to the close, in milliseconds. */
  goodbyeMs: 1000,
  /** Bytes a session may send before it is welcomed. */
  helloBytes: 64 * 1024,
  /** What the calls one session has in flight take in memory, about, in bytes, from which on the door reads no more of it until some have ended. */
  sessionCallBytes: 64 * 1024 * 1024,
  /** Bytes of answers one session keeps for its client to resume, about. */
  sessionKeptBytes: 32 * 1024 * 1024,
  /** Bytes of large answers, which files have, that are made for one session before its client has taken them. */
  sessionAnswerBytes: 48 * 1024 * 1024,
  /** Such answers that are made at once for all sessions of a door. */
  largeAnswers: 24,
})
