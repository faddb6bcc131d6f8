export { type ConsoleSocket, openConsoleSocket } from './console-socket.ts';
export { resizeTerminal } from './resize.ts';
