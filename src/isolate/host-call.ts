/**
 * What an instance asks the host for on behalf of its guest: any op name, any JSON arguments (`content` a
 * Uint8Array if bytes came with it). The other side checks all of it, and never rejects: a refusal is an answer.
 */
export type HostCall = (
  op: string,
  args: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
) => Promise<HostAnswer>

/** Values are JSON text already: that they can be is the answerer's to make sure of. */
export type HostAnswer =
  | { readonly kind: 'reply'; readonly valueText: string; readonly content?: Uint8Array }
  | { readonly kind: 'refuse'; readonly errorText: string }
