import { invalid } from '#lib/errors';

const broken = () => invalid('broken tar archive: malformed PAX record');
const SPACE = 32;
const EQUALS = 61;
const NEWLINE = 10;

/**
 * The records of a PAX extended header (`<length> <key>=<value>\n`, pax(1)). Values are bytes and point
 * into `data`. The last of equal keys wins, but for GNU sparse 0.0, which repeats its two keys: these
 * are gathered into `GNU.sparse.map` as version 0.1 has it. @throws invalid
 */
export function readPax(data: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  const map: string[] = [];
  for (let at = 0; at < data.length && data[at] !== 0; ) {
    const space = data.indexOf(SPACE, at);
    if (space < 0 || space === at || space - at > 8) throw broken();
    const length = Number(data.toString('latin1', at, space));
    const end = at + length;
    if (!Number.isSafeInteger(length) || end > data.length || end <= space + 1 || data[end - 1] !== NEWLINE)
      throw broken();
    const equals = data.indexOf(EQUALS, space);
    if (equals < 0 || equals >= end || equals === space + 1) throw broken();
    const key = data.toString('utf8', space + 1, equals);
    const value = data.subarray(equals + 1, end - 1);
    if (key.includes('\0')) throw broken();
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') map.push(value.toString('latin1'));
    else records.set(key, value);
    at = end;
  }
  if (map.length > 0) records.set('GNU.sparse.map', Buffer.from(map.join(','), 'latin1'));
  return records;
}

/** One record; its length counts itself. */
export function paxRecord(key: string, value: Uint8Array): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.of(NEWLINE)]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
