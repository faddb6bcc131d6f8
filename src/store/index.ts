/** What Berth keeps on disk: records in SQLite, content in an OCI image layout. */
export { type BlobPlace, BlobStore } from './blobs.ts';
export { Database } from './database.ts';
export { type Adopt, type Ingest, openIngest } from './ingest.ts';
export type { Journal } from './journal.ts';
export type { Lease } from './leases.ts';
export { readPart } from './read-part.ts';
export { isDiskFull } from './receive.ts';
export type { Records } from './records.ts';
export { SEGMENT_BYTES } from './segment-map.ts';
export type { SegmentedIngest } from './segments.ts';
export { Verifier } from './verifier.ts';
