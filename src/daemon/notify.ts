import { execFile } from 'node:child_process';
import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';

/** Tells the service manager, if one started us: sd_notify(3). */
export function notify(state: 'READY=1' | 'STOPPING=1' | 'RELOADING=1', log: Logger): void {
  if (!process.env['NOTIFY_SOCKET']) return;
  execFile('systemd-notify', [`--pid=${process.pid}`, state], (error) => {
    if (error) log.warn('cannot notify the service manager', { error: messageOf(error) });
  });
}
