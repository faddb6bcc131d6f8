import { invalid } from '#lib/errors';
import type { SeccompSetting } from './seccomp.ts';
import { parseProfile } from './seccomp-profile.ts';

/** What the values of --security-opt come to. */
export interface SecurityOptions {
  readonly seccomp: SeccompSetting;
  /** Profile name, `unconfined`, or undefined: the host's default. */
  readonly apparmor: string | undefined;
  readonly noNewPrivileges: boolean;
  readonly systempaths: 'default' | 'unconfined';
  /** SELinux: `user:x`, `disable` and so on, as given. */
  readonly label: readonly string[];
}

/**
 * --security-opt as the API carries it: `key=value`, or `key:value` as in old clients. A seccomp
 * profile is the JSON itself, the client has read the file. The last of a kind wins.
 * @throws invalid
 */
export function parseSecurityOptions(values: readonly string[]): SecurityOptions {
  let seccomp: SeccompSetting = { kind: 'default' };
  let apparmor: string | undefined;
  let noNewPrivileges = false;
  let systempaths: SecurityOptions['systempaths'] = 'default';
  const label: string[] = [];
  for (const option of values) {
    if (option === 'no-new-privileges') {
      noNewPrivileges = true;
      continue;
    }
    const [key, value] = split(option);
    switch (key) {
      case 'seccomp':
        seccomp = parseSeccomp(value);
        break;
      case 'apparmor':
        apparmor = value;
        break;
      case 'label':
        label.push(value);
        break;
      case 'no-new-privileges':
        noNewPrivileges = parseBoolean(option, value);
        break;
      case 'systempaths':
        if (value !== 'unconfined') throw invalid(`invalid --security-opt 2: "${option}"`);
        systempaths = 'unconfined';
        break;
      default:
        throw invalid(`invalid --security-opt 2: "${option}"`);
    }
  }
  return { seccomp, apparmor, noNewPrivileges, systempaths, label };
}

function split(option: string): [key: string, value: string] {
  // The JSON of a profile is full of both: only the first separator counts.
  const at = option.includes('=') ? option.indexOf('=') : option.indexOf(':');
  const key = option.slice(0, at);
  const value = option.slice(at + 1);
  if (at < 0 || value === '') throw invalid(`invalid --security-opt 1: "${option}"`);
  return [key, value];
}

function parseSeccomp(value: string): SeccompSetting {
  if (value === 'unconfined') return { kind: 'unconfined' };
  if (value === 'builtin') return { kind: 'default' };
  parseProfile(value);
  return { kind: 'profile', json: value };
}

function parseBoolean(option: string, value: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false;
  throw invalid(`invalid --security-opt: "${option}": "${value}" is neither true nor false`);
}
