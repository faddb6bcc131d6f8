import { invalid } from '#lib/errors';
import { parseSize } from '#lib/sizes';
import { type Flag, list } from './flag.ts';

export interface DeviceMapping {
  readonly PathOnHost: string;
  readonly PathInContainer: string;
  readonly CgroupPermissions: string;
}

/** `/dev/x`, `/dev/x:/dev/y`, `/dev/x:rw`, `/dev/x:/dev/y:rwm`. @throws invalid */
export function parseDevice(text: string): DeviceMapping {
  const parts = text.split(':');
  const [host = '', second, third] = parts;
  if (parts.length > 3 || host === '') throw invalid(`invalid device specification: ${text}`);
  if (third !== undefined) return device(text, host, second ?? '', third);
  if (second !== undefined && isMode(second)) return device(text, host, host, second);
  return device(text, host, second ?? host, 'rwm');
}

function device(text: string, host: string, inside: string, mode: string): DeviceMapping {
  if (!isMode(mode)) throw invalid(`bad mode specified: ${mode}`);
  if (!inside.startsWith('/')) throw invalid(`${inside} is not an absolute path`);
  if (!host.startsWith('/')) throw invalid(`bad format for path: ${text}`);
  return { PathOnHost: host, PathInContainer: inside, CgroupPermissions: mode };
}

const isMode = (text: string) => /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;

/** `c 1:3 rwm`, `b *:* r`. */
export function parseDeviceCgroupRule(text: string): string {
  if (!/^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/.test(text))
    throw invalid(`invalid device cgroup format '${text}'`);
  return text;
}

export interface Throttle {
  readonly Path: string;
  readonly Rate: number;
}

/** `/dev/sda:1mb`: bytes a second. */
export const throttleBytes = (summary: string): Flag<readonly Throttle[]> =>
  list(summary, {
    shownDefault: '[]',
    parse: (text) => {
      const [Path, rate] = deviceAndNumber(text);
      try {
        return { Path, Rate: parseSize(rate) };
      } catch {
        throw invalid(
          `invalid rate for device: ${text}. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb`,
        );
      }
    },
  });

/** `/dev/sda:1000`: operations a second. */
export const throttleOperations = (summary: string): Flag<readonly Throttle[]> =>
  list(summary, {
    shownDefault: '[]',
    parse: (text) => {
      const [Path, rate] = deviceAndNumber(text);
      if (!/^\d{1,15}$/.test(rate))
        throw invalid(
          `invalid rate for device: ${text}. The correct format is <device-path>:<number>. Number must be a positive integer`,
        );
      return { Path, Rate: Number(rate) };
    },
  });

export interface WeightDevice {
  readonly Path: string;
  readonly Weight: number;
}

/** `/dev/sda:500`: 10 to 1000, or 0. */
export const weightDevices = (summary: string): Flag<readonly WeightDevice[]> =>
  list(summary, {
    shownDefault: '[]',
    parse: (text) => {
      const [Path, weight] = deviceAndNumber(text);
      const Weight = /^\d{1,4}$/.test(weight) ? Number(weight) : -1;
      if (Weight !== 0 && (Weight < 10 || Weight > 1000)) throw invalid(`invalid weight for device: ${text}`);
      return { Path, Weight };
    },
  });

function deviceAndNumber(text: string): [string, string] {
  const colon = text.indexOf(':');
  if (colon <= 0) throw invalid(`bad format: ${text}`);
  const path = text.slice(0, colon);
  if (!path.startsWith('/dev/')) throw invalid(`bad format for device path: ${text}`);
  return [path, text.slice(colon + 1)];
}
