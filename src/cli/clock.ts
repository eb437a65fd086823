/** Made before `useUtc` can run, so it keeps the zone of whoever reads the output. */
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })

/** The local time of day, `13:05:59`. */
export function formatTime(timeMs: number): string {
  return CLOCK.format(timeMs)
}

/** Gives functions the cloud's time zone, unless TZ says another: isolates share that of their process. */
export function useUtc(): void {
  process.env['TZ'] ??= 'UTC'
}
