/** The descriptor of a cell's channel to its host, in the cell: the only one it has but for standard streams that are null. */
export const CHANNEL_FD = 3
