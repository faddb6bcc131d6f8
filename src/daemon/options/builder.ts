import { invalid } from '#lib/errors';
import {
  type Details,
  decodeBoolean,
  decodeBytes,
  entriesOf,
  type Option,
  parseBoolean,
  splitPair,
} from './option.ts';

/** What of the build cache goes by itself; what is not said is by the engine's own policy. */
export interface BuilderPolicy {
  /** Bytes that may stay. */
  readonly keep?: number;
  /** Milliseconds; what nobody used for so long goes. */
  readonly unusedFor?: number;
}

const NOTHING_GOES = { keep: Number.POSITIVE_INFINITY, unusedFor: Number.POSITIVE_INFINITY };

/** By its newest name, and by those that dockerd had for it before. */
const LIMITS = ['defaultMaxUsedSpace', 'defaultReservedSpace', 'defaultKeepStorage'];

/** `--builder gc=20GB`; in the file dockerd's `{ gc: { enabled, defaultKeepStorage } }`. */
export const builder = (details: Details<BuilderPolicy>): Option<BuilderPolicy> => ({
  argument: 'gc=size',
  ...details,
  parse: (text) => {
    const [name, value] = splitPair(text);
    if (name !== 'gc') throw invalid(`knows gc, not ${name}`);
    if (/^\d{2}|^\d\D/.test(value)) return { keep: decodeBytes(value) };
    return parseBoolean(value) ? {} : NOTHING_GOES;
  },
  decode: (value) => {
    const { gc = {}, ...others } = Object.fromEntries(entriesOf(value));
    const { enabled = true, ...limits } = Object.fromEntries(entriesOf(gc));
    const unknown = [...Object.keys(others), ...Object.keys(limits).filter((name) => !LIMITS.includes(name))];
    if (unknown.length > 0)
      throw invalid(`knows gc, with enabled and ${LIMITS.join(', ')}, and not ${unknown.join(', ')}`);
    if (!decodeBoolean(enabled)) return NOTHING_GOES;
    const limit = LIMITS.map((name) => limits[name]).find((size) => size !== undefined);
    return limit === undefined ? {} : { keep: decodeBytes(limit) };
  },
});
