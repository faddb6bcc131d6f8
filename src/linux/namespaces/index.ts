export { NamespaceWorker } from './worker.ts';
