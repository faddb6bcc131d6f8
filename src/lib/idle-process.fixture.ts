import { serveParent } from '#lib/idle-process';

const handlers = {
  double: (value: number) => value * 2,
  fail: (): never => {
    throw Object.assign(new Error('no'), { code: 'ENO' });
  },
  die: (): void => process.exit(7),
  pid: () => process.pid,
};
export type Fixture = typeof handlers;
serveParent(handlers);
