export { DatagramSocket } from './datagram.ts';
export { closeSocket, localPort, tcpConnection, tcpListener, udpSocket } from './inet.ts';
export { type InheritedSocket, inheritedSockets } from './inherited.ts';
export { type Reservation, reservePort } from './reserve.ts';
export { connectSeqpacket } from './seqpacket.ts';
