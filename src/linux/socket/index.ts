export { connectSeqpacket } from './seqpacket.ts';
