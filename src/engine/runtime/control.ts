import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { codeOf, conflict } from '#lib/errors';

/** Sets a container's terminal size through conmon. @throws conflict when nobody holds the terminal any more */
export function resizeByControl(controlFifo: string, rows: number, columns: number): void {
  let fd: number;
  try {
    fd = openSync(controlFifo, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    // No reader, or no FIFO: conmon has gone.
    if (codeOf(error) === 'ENXIO' || codeOf(error) === 'ENOENT')
      throw conflict('cannot resize a stopped container', error);
    throw error;
  }
  try {
    writeSync(fd, `1 ${rows} ${columns}\n`);
  } catch (error) {
    // It went between the two calls.
    if (codeOf(error) === 'EPIPE') throw conflict('cannot resize a stopped container', error);
    throw error;
  } finally {
    closeSync(fd);
  }
}
