/** Kinds of messages of a transfer of files (tonistiigi/fsutil types/wire.proto). */
export const packet = { stat: 0, request: 1, data: 2, end: 3, error: 4 } as const;
