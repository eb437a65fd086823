export type { CellStats } from './cells/cells.ts'
export type { DeployDirectoryResult } from './deploy-directory.ts'
export type { DeploymentInfo, DeployOptions, DeployProgress } from './deployment.ts'
export type { AttachSettings, ListenSettings } from './doors.ts'
export {
  CancelledError,
  CapabilityDeniedError,
  CloudletError,
  ConnectionError,
  DatabaseError,
  DeadlineError,
  DeployError,
  ERROR_CODES,
  type ErrorCode,
  FunctionError,
  FunctionNotFoundError,
  type GuestFailure,
  HostClosedError,
  InternalError,
  InvalidOptionError,
  IsolateCrashedError,
  MemoryLimitError,
  NetworkError,
  OverloadedError,
  ProtocolError,
  StorageError,
  UnauthenticatedError,
  ValueError,
  WechatError,
} from './errors.ts'
export { FunctionHost } from './host.ts'
export type { HostDatabase } from './host-database.ts'
export type { InvocationReport, InvokeResult } from './invocation.ts'
export type { InvokeOptions } from './invoke-arguments.ts'
export type { CellOptions, Isolation } from './isolation.ts'
export { LIMITS } from './limits.ts'
export type { HostNetworkOptions, NetworkOptions } from './network-options.ts'
export type { FunctionStats, HostHealth, HostStats } from './observe.ts'
export type { FunctionHostOptions } from './options.ts'
export type { Capability } from './protocol/calls.ts'
export type { IndexInfo, IndexOptions } from './sdk/index-admin.ts'
export type { Transaction } from './sdk/transaction.ts'
export type { FunctionSource } from './source-tree.ts'
export type { S3Options } from './storage/s3-options.ts'
export type { Storage, StoredFile } from './storage/storage.ts'
export type { HostStorageOptions } from './storage-options.ts'
export {
  type Authenticate,
  type AuthenticateRequest,
  developmentAuthenticator,
  type Login,
  tokenAuthenticator,
} from './transport/auth.ts'
export type { CorsOptions } from './transport/http-cors.ts'
export type { HttpPathSetting } from './transport/http-paths.ts'
export { jwtAuthenticator } from './transport/jwt.ts'
export type { JwtAuthenticatorOptions, JwtClaims, PublicJwk } from './transport/jwt-options.ts'
export type { Door } from './transport/server.ts'
export type {
  Caller,
  Closable,
  LogLevel,
  LogLine,
  Permission,
  PermissionMode,
  Rule,
  SecurityRules,
} from './types.ts'
export type {
  CloudCallSignCall,
  CloudPayCall,
  OpenapiCall,
  OpenDataCall,
  VoipSignCall,
  WechatAsker,
  WechatFields,
  WechatFile,
  WechatHandlers,
  WechatMedia,
} from './wechat/handlers.ts'
export type { OpenData } from './wechat/open-data.ts'
export type { WechatPayOptions } from './wechat/pay-options.ts'
export type { Wechat, WechatLogin, WechatLoginRequest } from './wechat/wechat.ts'
export type { WechatOptions } from './wechat/wechat-options.ts'
