import { ioctl } from '../ffi/process.ts';

const TIOCSWINSZ = 0x5414;

/** Sets a terminal's size (ioctl_tty(2)); its foreground processes get SIGWINCH. @throws SystemError */
export function resizeTerminal(fd: number, rows: number, columns: number): void {
  ioctl(fd, TIOCSWINSZ, new Uint16Array([rows, columns, 0, 0]));
}
