import ipaddr from 'ipaddr.js';

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/;
const IPV6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/;

/** The address that a name of in-addr.arpa or ip6.arpa stands for, in its one normal spelling. */
export function addressOfName(name: string): string | undefined {
  const four = IPV4.exec(name);
  if (four) {
    const bytes = four.slice(1).map(Number).toReversed();
    return bytes.every((byte) => byte <= 255) ? bytes.join('.') : undefined;
  }
  const nibbles = IPV6.exec(name)?.[1]?.split('.').slice(0, 32).toReversed();
  if (!nibbles) return undefined;
  const parts = Array.from({ length: 8 }, (_, index) =>
    Number.parseInt(nibbles.slice(4 * index, 4 * index + 4).join(''), 16),
  );
  return new ipaddr.IPv6(parts).toRFC5952String();
}

/** A name in wire form; undefined for one that DNS cannot carry. */
export function encodeName(name: string): Buffer | undefined {
  const labels = name.split('.').map((label) => Buffer.from(label, 'latin1'));
  if (labels.some(({ length }) => length === 0 || length > 63)) return undefined;
  const bytes = Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), label]),
    Buffer.of(0),
  ]);
  return bytes.length <= 255 ? bytes : undefined;
}
