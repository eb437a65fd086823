import { notOffered } from './not-offered.ts'

/** `tty`, where there is no terminal. */
export function makeTty(): object {
  const refuse = (name: string): unknown =>
    class {
      constructor() {
        throw notOffered(`tty.${name}`, 'a function has no terminal. Use console.log')
      }
    }
  return { isatty: () => false, ReadStream: refuse('ReadStream'), WriteStream: refuse('WriteStream') }
}
