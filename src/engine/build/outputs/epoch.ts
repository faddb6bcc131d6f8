import { invalid } from '#lib/errors';

/** What the build argument `SOURCE_DATE_EPOCH` says: seconds. @throws invalid */
export function epochOf(buildArgs: ReadonlyMap<string, string>): Date | undefined {
  const text = buildArgs.get('SOURCE_DATE_EPOCH');
  if (text === undefined || text === '') return undefined;
  const date = new Date(/^\d+$/.test(text) ? Number(text) * 1000 : Number.NaN);
  if (Number.isNaN(date.getTime()))
    throw invalid(`invalid SOURCE_DATE_EPOCH "${text}": it must be seconds since 1970`);
  return date;
}

/** RFC 3339, as Go writes whole seconds. */
export const formatEpoch = (epoch: Date): string => epoch.toISOString().replace('.000Z', 'Z');

/** RFC 3339 in and out. */
export const clampTime = (time: string, epoch: Date | undefined): string =>
  epoch !== undefined && Date.parse(time) > epoch.getTime() ? formatEpoch(epoch) : time;
