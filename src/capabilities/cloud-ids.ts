import { ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Caller } from '../types.ts'

/** What WeChat sealed for a caller, in order: `{ cloudID, data }`, or `{ cloudID, errCode, errMsg }`. */
export type OpenCloudIDs = (cloudIDs: readonly string[], caller: Caller) => Promise<readonly object[]>

type Event = Readonly<Record<string, unknown>>

/** Longest name of a field with a CloudID, in UTF-16 units. */
const FIELD_CHARS = 256

/**
 * The event with what each CloudID stands for in its field (wxcloud-spec §3.3).
 *
 * @throws {ValueError} for what are no CloudIDs, or too many.
 */
export async function fillCloudIDs(
  event: Event,
  cloudIDs: object,
  open: (cloudIDs: readonly string[]) => Promise<readonly object[]>,
): Promise<Event> {
  const entries = readCloudIDs(cloudIDs)
  if (entries.length === 0) return event
  const opened = await open(entries.map(([, cloudID]) => cloudID))
  return { ...event, ...Object.fromEntries(entries.map(([field], index) => [field, opened[index]])) }
}

function readCloudIDs(cloudIDs: object): (readonly [field: string, cloudID: string])[] {
  const entries = Object.entries<unknown>(cloudIDs as Record<string, unknown>)
  if (entries.length > LIMITS.cloudIDs) {
    throw new ValueError(
      'cloudIDs',
      `A call takes ${LIMITS.cloudIDs} values of CloudID, not ${entries.length}. Send the others in a call of their own.`,
    )
  }
  return entries.map(([field, cloudID]) => {
    if (field.length > FIELD_CHARS || field === '__proto__') {
      throw new ValueError(
        'cloudIDs',
        `A CloudID can't stand in a field of that name: ${field.slice(0, 40)}.`,
      )
    }
    if (typeof cloudID !== 'string' || cloudID === '' || cloudID.length > LIMITS.cloudIDChars) {
      throw new ValueError(
        `cloudIDs.${field}`,
        `A CloudID is text of 1 to ${LIMITS.cloudIDChars} characters; make it with wx.cloud.CloudID.`,
      )
    }
    return [field, cloudID]
  })
}
