export { PacketSocket } from './packet-socket.ts';
export { type ProbePacket, probePacket } from './probe.ts';
