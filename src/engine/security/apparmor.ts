import { readFileSync } from 'node:fs';

/** True when this kernel enforces AppArmor, so that `--security-opt apparmor=` means something. */
export function apparmorEnabled(parameter = '/sys/module/apparmor/parameters/enabled'): boolean {
  try {
    return readFileSync(parameter, 'utf8').startsWith('Y');
  } catch {
    return false;
  }
}
