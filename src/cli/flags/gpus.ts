import { invalid } from '#lib/errors';
import { csvFields } from './csv.ts';

export interface DeviceRequest {
  readonly Driver?: string;
  readonly Count?: number;
  readonly DeviceIDs?: readonly string[];
  readonly Capabilities: readonly (readonly string[])[];
  readonly Options?: Readonly<Record<string, string>>;
}

/** `--gpus all`, `--gpus 2`, `--gpus device=0,"capabilities=gpu,utility"`. @throws invalid */
export function parseGpus(text: string): DeviceRequest {
  if (text === 'all') return { Count: -1, Capabilities: [['gpu']] };
  let request: DeviceRequest = { Capabilities: [['gpu']] };
  for (const field of csvFields(text)) {
    const equals = field.indexOf('=');
    const key = equals < 0 ? 'count' : field.slice(0, equals);
    const value = equals < 0 ? field : field.slice(equals + 1);
    if (key === 'count') request = { ...request, Count: gpuCount(value) };
    else if (key === 'device') request = { ...request, DeviceIDs: value.split(',') };
    else if (key === 'driver') request = { ...request, Driver: value };
    else if (key === 'capabilities')
      request = { ...request, Capabilities: [['gpu', ...value.split(',').filter((name) => name !== 'gpu')]] };
    else if (key === 'options')
      request = {
        ...request,
        Options: Object.fromEntries(value.split(',').map((pair) => pair.split('=', 2))),
      };
    else throw invalid(`unexpected key '${key}' in '${field}'`);
  }
  if (request.Count === undefined && !request.DeviceIDs) return { ...request, Count: 1 };
  return request;
}

function gpuCount(text: string): number {
  if (text === 'all') return -1;
  if (!/^\d+$/.test(text)) throw invalid(`invalid count (${text}): value must be either "all" or an integer`);
  return Number(text);
}
