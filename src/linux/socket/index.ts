export { DatagramSocket } from './datagram.ts';
export { closeSocket, localPort, tcpConnection, tcpListener, udpSocket } from './inet.ts';
export { type InheritedSocket, inheritedSockets } from './inherited.ts';
export { LineRequests } from './line-requests.ts';
export { type PortOptions, type Reservation, reservePort } from './reserve.ts';
export { connectSeqpacket } from './seqpacket.ts';
export { type Sender, UdpServer } from './udp-server.ts';
