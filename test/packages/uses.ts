/** A package of wxcloud-spec §9's list, and what its use in `uses/` does with it. */
export interface Use {
  /** Folder below `uses/`: a cloud function, and `expected.json` with what it answers. */
  readonly name: string
  /** As package.json has it. */
  readonly packageName: string
  readonly does: string
  /** What the function requires besides. */
  readonly besides?: readonly string[]
  /** The server of Debian's that it talks to. */
  readonly program?: 'redis-server' | 'mariadbd'
}

function make(name: string, does: string, more: Partial<Use> = {}): Use {
  return { name, packageName: name, does, ...more }
}

/** The packages that public cloud functions require, most required first, and two as ES modules. */
export const USES: readonly Use[] = [
  make('tcb-router', 'routes with nested middlewares'),
  make('request', 'JSON, redirects, gzip, forms, uploads, cookies, TLS, a stream into a file, a timeout'),
  make('request-promise', 'JSON, a transform, an error by status'),
  make('axios', 'JSON, interceptors, redirects, gzip and brotli, streams, uploads, TLS, timeout and abort', {
    besides: ['form-data'],
  }),
  make('nodemailer', 'a mail with attachments over SMTP with STARTTLS and a login'),
  make('tenpay', 'orders of WeChat Pay in signed XML'),
  make('crypto-js', "WeChat's encrypted data, digests, a derived key"),
  make('node-xlsx', 'a workbook written and read back'),
  make('qcloudsms_js', 'short messages over HTTPS, by name'),
  make('got', 'JSON, redirects, retries, compression, streams, uploads, TLS, pages', {
    besides: ['form-data'],
  }),
  make('moment', 'dates formatted, parsed and compared, in Chinese too'),
  make('node-fetch', 'JSON, redirects, gzip, uploads, streams, TLS, a timeout', { besides: ['form-data'] }),
  make('tcb-admin-node', 'documents and a call through the admin gateway'),
  make('wx-js-utils', 'orders of WeChat Pay in signed XML'),
  make('openai', 'a chat whole and streamed, an upload, pages, errors'),
  make('tencentcloud-sdk-nodejs', 'calls of two services, signed in both ways'),
  make('cloudbase-node-sdk', 'documents and a call through the admin gateway', {
    packageName: '@cloudbase/node-sdk',
  }),
  make('express', 'an application that serves requests handed to it: JSON, forms, a file, errors'),
  make('cheerio', 'pages parsed, changed and fetched'),
  make('date-utils', 'dates by an extended Date'),
  make('node-uuid', 'ids of versions 1 and 4'),
  make('ip', 'subnets, conversions, the own address'),
  make('xlsx', 'workbooks of three formats, from and to files'),
  make('image-node-sdk', 'recognition by JSON and by upload'),
  make('sms-node-sdk', 'a short message over HTTPS, by name'),
  make('ioredis', 'values, bytes, pipelines, transactions, scripts, subscriptions, scans', {
    program: 'redis-server',
  }),
  make('moment-timezone', 'times in other zones, over changes of the clock'),
  make('protobufjs', 'messages encoded by a .proto file and decoded'),
  make('cos-nodejs-sdk-v5', 'objects put, read, listed and sent in parts'),
  make('miniprogram-sm-crypto', 'SM2, SM3 and SM4'),
  make('exceljs', 'a workbook written, read back and streamed, and as CSV'),
  make('lodash', 'collections, templates, debounce, lodash/fp'),
  make('jsonwebtoken', 'tokens signed with HMAC and RSA, and refused'),
  make('hono', 'an application asked by fetch: JSON, an upload, a stream, a login'),
  make('mysql2', 'queries, prepared statements, a transaction, a pool, rows as a stream', {
    program: 'mariadbd',
  }),
  make('sequelize', 'models, associations, validation, transactions', {
    program: 'mariadbd',
    besides: ['mysql2'],
  }),
  make('ffmpeg-static', 'the program asked for its version'),
  make('iconv-lite', 'texts in GBK, Big5, Shift_JIS, also as a stream'),
  make('wechatpay-node-v3', 'orders with RSA signatures, certificates, secrets'),
  make('uuid', 'ids of five versions, from an ES module'),
  make('dotenv', 'settings from a file into process.env'),
  make('xml2js', 'messages parsed and built, also in chunks'),
  make('got-16', 'the same from an ES module'),
  make('node-fetch-3', 'the same from an ES module'),
]
