import { invalid } from '#lib/errors';

export interface RestartPolicy {
  readonly Name: string;
  readonly MaximumRetryCount: number;
}

const NAMES = new Set(['no', 'always', 'unless-stopped', 'on-failure']);

/** `no`, `always`, `unless-stopped`, `on-failure[:times]`. @throws invalid */
export function parseRestartPolicy(text: string): RestartPolicy {
  const [name = '', times, ...rest] = text.split(':');
  if (rest.length > 0 || (name === '' && times !== undefined))
    throw invalid(`invalid restart policy format: ${text}`);
  if (name !== '' && !NAMES.has(name)) {
    throw invalid(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  if (times === undefined) return { Name: name || 'no', MaximumRetryCount: 0 };
  if (!/^\d+$/.test(times))
    throw invalid('invalid restart policy format: maximum retry count must be an integer');
  if (name !== 'on-failure')
    throw invalid(`invalid restart policy: maximum retry count can only be used with 'on-failure'`);
  return { Name: name, MaximumRetryCount: Number(times) };
}
