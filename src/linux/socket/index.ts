export { type Reservation, reservePort } from './reserve.ts';
export { connectSeqpacket } from './seqpacket.ts';
