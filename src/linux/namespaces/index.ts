export { bindNamespace } from './bind-namespace.ts';
export { type NamespaceCall, type Namespaces, RecordingNamespaces } from './recording.ts';
export { createUserNamespace, type UserNamespace } from './user-namespace.ts';
export { NamespaceWorker } from './worker.ts';
