export { type Emulator, emulatorOf, readEmulators } from './emulators.ts';
export { programHeader } from './program-header.ts';
