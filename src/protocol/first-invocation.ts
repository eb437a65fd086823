import { GUEST_ROOT, type InvokeMessage } from './bridge.ts'

/**
 * What a host says first to an instance, with every key in the order in which it writes them (src/identity.ts). V8 has a
 * hidden class for each order of keys: those of this message are in the startup snapshot.
 */
export const FIRST_INVOCATION: Required<InvokeMessage> = {
  type: 'invoke',
  event: {},
  fixed: {
    context: {
      function_version: '$LATEST',
      function_name: 'f',
      time_limit_in_ms: 20_000,
      memory_limit_in_mb: 128,
      namespace: 'local',
    },
    environment: {
      TENCENTCLOUD_RUNENV: 'SCF',
      TENCENTCLOUD_REGION: 'ap-shanghai',
      SCF_FUNCTIONNAME: 'f',
      SCF_NAMESPACE: 'local',
      HOME: GUEST_ROOT,
    },
    variables: { TCB_ENV: 'local', TRIGGER_SRC: 'tcb' },
    limits: { logLines: 1000, logChars: 262_144, timers: 10_000 },
  },
  requestId: '00000000-0000-4000-8000-000000000000',
  variables: { TCB_SOURCE: 'wx_client', WX_OPENID: 'o', WX_APPID: 'wx0', WX_CLIENTIP: '127.0.0.1' },
}
