/** What bytes come in: any view of a buffer, or a buffer itself. */
export type View = ArrayBufferView | ArrayBuffer | SharedArrayBuffer

/** The bytes a view shows, shared with it. */
export function bytesOf(view: View): Uint8Array {
  if (view instanceof Uint8Array) return view
  if (ArrayBuffer.isView(view)) return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  return new Uint8Array(view)
}
