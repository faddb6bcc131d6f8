export { bindNamespace } from './bind-namespace.ts';
export { HomeNamespace } from './enter.ts';
export { leaveNetwork } from './leave-network.ts';
export { MountMappings } from './mount-mappings.ts';
export { type NamespaceCall, type Namespaces, RecordingNamespaces } from './recording.ts';
export { enterScratchNetns } from './scratch.ts';
export { createNetworkIn, createUserNamespace, type UserNamespace } from './user-namespace.ts';
export { NamespaceWorker } from './worker.ts';
