import { createHash } from 'node:crypto'
import type { Server } from 'node:net'
import type { Readable } from 'node:stream'
import type { Identity } from './certificate.ts'
import { requireInstalled } from './installation.ts'

export interface MailServer {
  readonly host: string
  readonly port: number
  close(): Promise<void>
}

interface Session {
  readonly secure: boolean
  readonly user?: string
  readonly envelope: { readonly rcptTo: readonly { readonly address: string }[] }
}

type Answer = (error: Error | null, text?: unknown) => void

interface SmtpServer {
  readonly server: Server
  listen(port: number, host: string, ready: () => void): void
  close(done: () => void): void
}

interface SmtpModule {
  readonly SMTPServer: new (options: object) => SmtpServer
}

/** An SMTP server on loopback, with STARTTLS and a login. It answers each message with what it read out of it. */
export async function openMailServer({ key, cert }: Identity): Promise<MailServer> {
  const { SMTPServer } = requireInstalled<SmtpModule>('smtp-server')
  const server = new SMTPServer({
    key,
    cert,
    authOptional: true,
    disableReverseLookup: true,
    onAuth({ username, password }: Record<string, string>, _session: Session, answer: Answer) {
      if (password === 'secret') answer(null, { user: username })
      else answer(new Error('wrong password'))
    },
    onRcptTo({ address }: { address: string }, _session: Session, answer: Answer) {
      if (address.startsWith('nobody'))
        answer(Object.assign(new Error('no such user'), { responseCode: 550 }))
      else answer(null)
    },
    onData(stream: Readable, session: Session, answer: Answer) {
      void stream.toArray().then(chunks => answer(null, describe(Buffer.concat(chunks).toString(), session)))
    },
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as { port: number }
  return { host: '127.0.0.1', port, close: () => new Promise(resolve => server.close(resolve)) }
}

function describe(message: string, { secure, user, envelope }: Session): string {
  const [head = ''] = message.split('\r\n\r\n')
  const subject = /^Subject: (.*)$/m.exec(head)?.[1] ?? ''
  const files = message.split('\r\n--').flatMap(part => {
    const [, name, text = ''] = /filename=(\S+).*?\r\n\r\n(.*)/s.exec(part) ?? []
    const bytes = /: base64/.test(part) ? Buffer.from(text, 'base64') : text
    return name === undefined ? [] : [[name, createHash('sha1').update(bytes).digest('hex')]]
  })
  return JSON.stringify({ secure, user, to: envelope.rcptTo.map(({ address }) => address), subject, files })
}
