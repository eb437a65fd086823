/** Keeps one core from sleeping until the process that started this one ends. Started by awake.ts. */
const parent = process.ppid
const TURNS_PER_LOOK = 1e7

while (process.ppid === parent) {
  for (let turn = 0; turn < TURNS_PER_LOOK; turn++);
}
