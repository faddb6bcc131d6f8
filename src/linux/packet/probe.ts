import { AF_INET6, parseAddress, parseMac } from '../netlink/address.ts';

/** The first packet of a connection. */
export interface ProbePacket {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly port: number;
}

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const NUMBERS = { tcp: 6, udp: 17, sctp: 132 } as const;
const HOPS = 64;

/** The Ethernet frame of a TCP SYN, an empty UDP datagram or an SCTP INIT, with right checksums. @throws invalid */
export function probePacket(packet: ProbePacket, mac: { from: string; to: string }): Buffer {
  const [source, destination] = [parseAddress(packet.source), parseAddress(packet.destination)];
  const six = source.family === AF_INET6;
  const payload = transportOf(packet, Buffer.concat([source.bytes, destination.bytes]));
  const header = six
    ? header6(packet, source.bytes, destination.bytes, payload.length)
    : header4(packet, source.bytes, destination.bytes, payload.length);
  const type = Buffer.alloc(2);
  type.writeUInt16BE(six ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4);
  return Buffer.concat([parseMac(mac.to), parseMac(mac.from), type, header, payload]);
}

function header4({ protocol }: ProbePacket, source: Buffer, destination: Buffer, length: number): Buffer {
  const bytes = Buffer.alloc(20);
  bytes[0] = 0x45;
  bytes.writeUInt16BE(20 + length, 2);
  // Don't fragment.
  bytes.writeUInt16BE(0x4000, 6);
  bytes[8] = HOPS;
  bytes[9] = NUMBERS[protocol];
  source.copy(bytes, 12);
  destination.copy(bytes, 16);
  bytes.writeUInt16BE(checksum([bytes]), 10);
  return bytes;
}

function header6({ protocol }: ProbePacket, source: Buffer, destination: Buffer, length: number): Buffer {
  const bytes = Buffer.alloc(40);
  bytes[0] = 0x60;
  bytes.writeUInt16BE(length, 4);
  bytes[6] = NUMBERS[protocol];
  bytes[7] = HOPS;
  source.copy(bytes, 8);
  destination.copy(bytes, 24);
  return bytes;
}

function transportOf(packet: ProbePacket, addresses: Buffer): Buffer {
  switch (packet.protocol) {
    case 'tcp':
      return summed(tcpSyn(packet), 16, addresses, NUMBERS.tcp);
    case 'udp':
      return summed(udp(packet), 6, addresses, NUMBERS.udp);
    case 'sctp':
      return sctpInit(packet);
  }
}

const ports = (bytes: Buffer, { sourcePort, port }: ProbePacket): Buffer => {
  bytes.writeUInt16BE(sourcePort, 0);
  bytes.writeUInt16BE(port, 2);
  return bytes;
};

function tcpSyn(packet: ProbePacket): Buffer {
  // With the option that every stack sends: some rules clamp or want it. { kind 2, length 4, size }
  const bytes = ports(Buffer.alloc(24), packet);
  bytes.writeUInt32BE(0x1000, 4);
  bytes[12] = 6 << 4;
  bytes[13] = 0x02;
  bytes.writeUInt16BE(64_240, 14);
  bytes[20] = 2;
  bytes[21] = 4;
  bytes.writeUInt16BE(1460, 22);
  return bytes;
}

function udp(packet: ProbePacket): Buffer {
  const bytes = ports(Buffer.alloc(8), packet);
  bytes.writeUInt16BE(8, 4);
  return bytes;
}

/** RFC 9260: common header { ports; tag 0; CRC32c }, chunk { INIT; length 20; tag, window, streams out and in, TSN } */
function sctpInit(packet: ProbePacket): Buffer {
  const bytes = ports(Buffer.alloc(32), packet);
  bytes[12] = 1;
  bytes.writeUInt16BE(20, 14);
  bytes.writeUInt32BE(0x0badcafe, 16);
  bytes.writeUInt32BE(65_536, 20);
  bytes.writeUInt16BE(1, 24);
  bytes.writeUInt16BE(1, 26);
  bytes.writeUInt32BE(1, 28);
  bytes.writeUInt32LE(crc32c(bytes), 8);
  return bytes;
}

/** Over the pseudo header too (RFC 9293, 768, 8200). */
function summed(bytes: Buffer, at: number, addresses: Buffer, protocol: number): Buffer {
  const rest = Buffer.alloc(8);
  rest.writeUInt32BE(bytes.length, 0);
  rest[7] = protocol;
  bytes.writeUInt16BE(checksum([addresses, rest, bytes]), at);
  return bytes;
}

/** RFC 1071; every part has an even length. */
function checksum(parts: readonly Buffer[]): number {
  let sum = 0;
  for (const part of parts) for (let at = 0; at < part.length; at += 2) sum += part.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
