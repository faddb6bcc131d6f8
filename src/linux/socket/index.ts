export { DatagramSocket } from './datagram.ts';
export { type Reservation, reservePort } from './reserve.ts';
export { connectSeqpacket } from './seqpacket.ts';
