export { type NamespaceCall, type Namespaces, RecordingNamespaces } from './recording.ts';
export { NamespaceWorker } from './worker.ts';
