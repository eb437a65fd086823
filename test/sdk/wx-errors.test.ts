import { describe, expect, test } from 'vitest'
import {
  CancelledError,
  CapabilityDeniedError,
  CloudletError,
  ConnectionError,
  DATABASE_REASONS,
  DatabaseError,
  DeadlineError,
  DeployError,
  ERROR_CODES,
  errorToData,
  FunctionError,
  FunctionNotFoundError,
  HostClosedError,
  InternalError,
  InvalidOptionError,
  IsolateCrashedError,
  MemoryLimitError,
  OverloadedError,
  ProtocolError,
  RemoteError,
  STORAGE_REASONS,
  StorageError,
  UnauthenticatedError,
  ValueError,
  WechatError,
} from '../../src/errors.ts'
import { describeFile, toWxError } from '../../src/sdk/wx-errors.ts'

const thrown = new FunctionError('f', { name: 'TypeError', message: 'boom', stack: '', fields: {} })
const deadline = new DeadlineError('f', 3000, { cpuMs: 1, waitedMs: {} })

const FUNCTION_FAILURES: readonly [string, CloudletError, number, string, number, string][] = [
  [
    'threw',
    thrown,
    -504002,
    '-504002 functions execute fail. boom',
    -504002,
    'errCode: -504002 functions execute fail | errMsg: TypeError: boom',
  ],
  [
    'timed out',
    deadline,
    -504002,
    '-504002 functions execute fail. Invoking task timed out after 3 seconds. Function "f"',
    -504003,
    'errCode: -504003 | errMsg: Invoking task timed out after 3 seconds. Function "f"',
  ],
  [
    'not found',
    new FunctionNotFoundError('suum', ['sum']),
    -504002,
    '-504002 functions execute fail. FunctionName parameter could not be found. No function named "suum" is deployed. Did you mean "sum"?',
    -501000,
    'errCode: -501000 | errMsg: FunctionName parameter could not be found. No function named "suum"',
  ],
  [
    'outgrew its memory',
    new MemoryLimitError('f', 1_048_576),
    -504002,
    '-504002 functions execute fail. Function "f" outgrew',
    -504002,
    'errCode: -504002 functions execute fail | errMsg: Function "f" outgrew',
  ],
  [
    'crashed',
    new IsolateCrashedError('gone'),
    -504002,
    '-504002 functions execute fail. gone',
    -504002,
    'errCode: -504002 functions execute fail | errMsg: gone',
  ],
  [
    'does not load',
    new DeployError('f', 'no main'),
    -504002,
    '-504002 functions execute fail. no main',
    -504002,
    'errCode: -504002 functions execute fail | errMsg: no main',
  ],
  [
    'gave no JSON',
    new ValueError('result.a', 'circular'),
    -504002,
    '-504002 functions execute fail. circular',
    -504002,
    'errCode: -504002 functions execute fail | errMsg: circular',
  ],
  [
    'was given no JSON',
    new ValueError('event.result', 'too large'),
    -501007,
    '-501007 invalid parameters. too large',
    -501007,
    'errCode: -501007 invalid parameters | errMsg: too large',
  ],
  [
    'is busy',
    new OverloadedError('busy'),
    -501004,
    '-501004 exceed concurrent request limit. busy',
    -501004,
    'errCode: -501004 exceed concurrent request limit | errMsg: busy',
  ],
  [
    'may not be called',
    new CapabilityDeniedError('functions', 'functions.invoke', 'no'),
    -501019,
    '-501019 unauthorized operation. no',
    -501019,
    'errCode: -501019 unauthorized operation | errMsg: no',
  ],
  ['lost its connection', new ConnectionError('lost'), -1, 'lost', -1, 'lost'],
  ['was cancelled', new CancelledError('stop'), -1, 'stop', -1, 'stop'],
  [
    'is unknown to the host',
    new UnauthenticatedError('who'),
    -401001,
    '-401001 api permission denied. who',
    -401001,
    'errCode: -401001 api permission denied | errMsg: who',
  ],
  [
    'broke the protocol',
    new ProtocolError('bad'),
    -501001,
    '-501001 resource system error. bad',
    -501001,
    'errCode: -501001 resource system error | errMsg: bad',
  ],
  [
    'met a fault of ours',
    new InternalError('i-1'),
    -501001,
    '-501001 resource system error. Internal error, incident i-1',
    -501001,
    'errCode: -501001 resource system error | errMsg: Internal error',
  ],
  [
    'met a bad option',
    new InvalidOptionError('x', 'bad'),
    -501007,
    '-501007 invalid parameters. ',
    -501007,
    'errCode: -501007 invalid parameters | errMsg: ',
  ],
  [
    'came too late',
    new HostClosedError(),
    -501018,
    '-501018 resource unavailable. ',
    -501018,
    'errCode: -501018 resource unavailable | errMsg: ',
  ],
]

describe('a function call that', () => {
  test.each(FUNCTION_FAILURES)('%s', (_name, error, serverCode, serverText, clientCode, clientText) => {
    // As it arrives on the far side of the bridge or the wire.
    const remote = new RemoteError(JSON.parse(JSON.stringify(errorToData(error))))
    for (const arrived of [error, remote]) {
      const server = toWxError(arrived, 'server', 'callFunction')
      expect(server.errCode).toBe(serverCode)
      expect(server.errMsg.startsWith(`callFunction:fail ${serverText}`), server.errMsg).toBe(true)
      const client = toWxError(arrived, 'client', 'cloud.callFunction')
      const prefix = clientCode === -1 ? 'cloud.callFunction:fail ' : 'cloud.callFunction:fail Error: '
      expect(client.errCode).toBe(clientCode)
      expect(client.errMsg.startsWith(`${prefix}${clientText}`), client.errMsg).toBe(true)
    }
  })
})

test('every code but those of data and of sockets, which no client meets, is in the table above', () => {
  const codes = FUNCTION_FAILURES.map(([, error]) => error.code)
  const rest = ERROR_CODES.filter(code => !codes.includes(code))
  expect(rest).toStrictEqual(['CLOUDLET_DATABASE', 'CLOUDLET_STORAGE', 'CLOUDLET_NETWORK', 'CLOUDLET_WECHAT'])
})

test('a request id reaches the text and the error', () => {
  const { details, ...data } = errorToData(thrown)
  const error = toWxError(
    new RemoteError({ ...data, details: { ...details, requestId: 'r-1' } }),
    'server',
    'callFunction',
  )
  expect({ ...error }).toStrictEqual({
    errCode: -504002,
    errMsg: 'callFunction:fail -504002 functions execute fail. requestID r-1, boom',
    requestID: 'r-1',
  })
})

describe('reasons', () => {
  const DATABASE = {
    INVALID_PARAM: [-501007, 'invalid parameters'],
    DATABASE_REQUEST_FAILED: [-502001, 'database request fail'],
    DATABASE_INVALID_OPERATOR: [-502002, 'database invalid command'],
    DATABASE_PERMISSION_DENIED: [-502003, 'database permission denied'],
    DATABASE_COLLECTION_NOT_EXIST: [-502005, 'database collection not exists'],
    DATABASE_TRANSACTION_CONFLICT: [-502001, 'database request fail'],
  } as const

  test.each(DATABASE_REASONS)('%s', reason => {
    const [errCode, text] = DATABASE[reason]
    for (const surface of ['server', 'client'] as const) {
      const error = toWxError(new DatabaseError(reason, 'because'), surface, 'collection.get')
      expect({ ...error }).toStrictEqual({
        errCode,
        errMsg: `collection.get:fail ${errCode} ${text}. because`,
        // Programs and runTransaction decide by it whether to try again.
        ...(reason === 'DATABASE_TRANSACTION_CONFLICT' ? { code: reason } : {}),
      })
    }
  })

  const STORAGE = {
    INVALID_PARAM: [-501007, 'invalid parameters'],
    STORAGE_REQUEST_FAIL: [-503001, 'storage request fail'],
    STORAGE_EXCEED_AUTHORITY: [-503002, 'storage permission denied'],
    STORAGE_FILE_NONEXIST: [-503003, 'storage file not exists'],
    STORAGE_SIGN_PARAM_INVALID: [-503004, 'storage invalid sign parameter'],
    STORAGE_FILE_TOO_LARGE: [-403001, 'max upload file size exceeded'],
  } as const

  test.each(STORAGE_REASONS)('%s', reason => {
    const [errCode, text] = STORAGE[reason]
    const error = toWxError(new StorageError(reason, 'because'), 'server', 'downloadFile')
    expect({ ...error }).toStrictEqual({ errCode, errMsg: `downloadFile:fail ${errCode} ${text}. because` })
    const client = toWxError(new StorageError(reason, 'because'), 'client', 'cloud.downloadFile')
    expect(client.errMsg).toBe(`cloud.downloadFile:fail Error: errCode: ${errCode} ${text} | errMsg: because`)
    expect(describeFile(reason)).toStrictEqual({ status: errCode, errMsg: text })
  })

  test('reasons nobody knows', () => {
    const data = { code: 'CLOUDLET_DATABASE', message: 'm', retryable: false } as const
    for (const reason of ['NEW', 'constructor', '__proto__', 5, undefined]) {
      const error = toWxError(new RemoteError({ ...data, details: { reason } }), 'server', 'document.get')
      expect(error.errCode).toBe(-502001)
    }
    expect(describeFile('constructor')).toStrictEqual({ status: -503001, errMsg: 'storage request fail' })
    expect(describeFile(undefined)).toStrictEqual({ status: 0, errMsg: 'ok' })
  })

  test('a denied capability has the number of its service', () => {
    const denied = new CapabilityDeniedError('x', 'x', 'no')
    expect(toWxError(denied, 'server', 'collection.get').errCode).toBe(-502003)
    expect(toWxError(denied, 'server', 'createCollection').errCode).toBe(-502003)
    expect(toWxError(denied, 'server', 'getTempFileURL').errCode).toBe(-503002)
    expect(toWxError(denied, 'client', 'cloud.uploadFile').errCode).toBe(-503002)
  })
})

test('errors are real Errors whose message and stack are not enumerable', () => {
  const error = toWxError(new DatabaseError('INVALID_PARAM', 'x'), 'server', 'document.get')
  expect(error).toBeInstanceOf(Error)
  expect(error.name).toBe('Error')
  expect(error.message).toBe(error.errMsg)
  expect(Object.keys(error)).toStrictEqual(['errCode', 'errMsg'])
})

test('what is no cloudlet error is -1 with its own message', () => {
  expect({ ...toWxError(new RangeError('odd'), 'server', 'uploadFile') }).toStrictEqual({
    errCode: -1,
    errMsg: 'uploadFile:fail odd',
  })
  expect(toWxError('text', 'client', 'cloud.uploadFile').errMsg).toBe('cloud.uploadFile:fail text')
  const coded = Object.assign(new Error('x'), { code: 'ENOENT' })
  expect(toWxError(coded, 'server', 'uploadFile').errCode).toBe(-1)
  const unheardOf = new CloudletError(JSON.parse('"CLOUDLET_NEW"'), 'new')
  expect(toWxError(unheardOf, 'server', 'callFunction').errCode).toBe(-501001)
  const named = new CloudletError(JSON.parse('"CLOUDLET_constructor"'), 'new')
  expect(toWxError(named, 'server', 'callFunction').errCode).toBe(-501001)
})

test.each([
  [
    'server',
    'openapi.security.msgSecCheck',
    87014,
    'risky content',
    'openapi.security.msgSecCheck:fail risky content',
  ],
  ['server', 'openapi.a.b', -1, 'system error', 'openapi.a.b:fail system error'],
  ['server', 'openapi.a.b', -604100, 'text', 'openapi.a.b:fail -604100 API not found. text'],
  ['server', 'openapi.a.b', -604102, 'text', 'openapi.a.b:fail -604102 call open API timeout. text'],
  ['client', 'cloud.callFunction', 40001, 'text', 'cloud.callFunction:fail text'],
] as const)('what WeChat says: %s %s %i', (surface, api, errCode, text, errMsg) => {
  const error = toWxError(new WechatError('/wxa/x', errCode, text), surface, api)
  expect({ ...error, message: error.message }).toStrictEqual({ errCode, errMsg, message: errMsg })
})

test.each([
  'openapi.security.msgSecCheck',
  'cloudPay.unifiedOrder',
  'getOpenData',
  'getVoIPSign',
  'getCloudCallSign',
])('without the capability %s is -601004', api => {
  const denied = new CapabilityDeniedError('wechat', 'wechat.openapi', 'no')
  expect(toWxError(denied, 'server', api)).toMatchObject({ errCode: -601004 })
})
