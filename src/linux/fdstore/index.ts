/** Descriptors that outlive this process: a store held by a process that does nothing else. */
export { DescriptorHolder } from './holder.ts';
export { DescriptorStore } from './store.ts';
