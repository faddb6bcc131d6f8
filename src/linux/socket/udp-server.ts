import { type Control, DatagramMessage } from '../ffi/datagram-message.ts';
import { close } from '../ffi/descriptors.ts';
import { Watch } from '../ffi/readiness.ts';
import {
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_PKTINFO,
  IPV6_RECVPKTINFO,
  setsockopt,
} from '../ffi/socket.ts';
import { formatAddress } from '../netlink/address.ts';

/** Who sent a datagram, and at which address of this host it arrived. */
export interface Sender {
  readonly address: string;
  readonly port: number;
  readonly at: string;
}

export type OnDatagram = (data: Buffer, from: Sender, reply: (data: Uint8Array) => void) => void;

/** Datagrams that are read before others have their turn. */
const AT_ONCE = 64;

/**
 * A UDP socket at every address of the host that answers from the one it was asked at, which Node's do not: the
 * kernel would choose one by the route, and clients take no answer from where they did not ask.
 */
export class UdpServer implements Disposable {
  readonly #fd: number;
  readonly #six: boolean;
  readonly #onDatagram: OnDatagram;
  readonly #message = new DatagramMessage();
  readonly #watch: Watch;
  #closed = false;

  /** Owns the bound, non-blocking socket. @throws SystemError */
  constructor(fd: number, family: 4 | 6, onDatagram: OnDatagram) {
    this.#fd = fd;
    this.#six = family === 6;
    this.#onDatagram = onDatagram;
    const one = new Int32Array([1]);
    if (this.#six) setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, one, 4);
    else setsockopt(fd, IPPROTO_IP, IP_PKTINFO, one, 4);
    this.#watch = new Watch(fd, { readable: true }, () => this.#read()).unref();
  }

  #read(): void {
    for (let count = 0; count < AT_ONCE && !this.#closed; count++) {
      const length = this.#message.receive(this.#fd);
      // Errors of what was sent before (a port that is closed there) come here too, and do not matter.
      if (length < 0) return;
      const data = Buffer.from(this.#message.data(length));
      const name = Buffer.from(this.#message.name);
      const arrival = this.#message.control;
      if (!arrival) continue;
      const control = { ...arrival, data: Buffer.from(arrival.data) };
      const address = formatAddress(this.#six ? name.subarray(8, 24) : name.subarray(4, 8));
      const from = { address, port: name.readUInt16BE(2), at: this.#localAddress(control) };
      this.#onDatagram(data, from, (answer) => this.#send(answer, name, this.#leavingAs(control)));
    }
  }

  /** in_pktinfo { int interface; in_addr local, header }; in6_pktinfo { in6_addr header; u32 interface } */
  #localAddress({ data }: Control): string {
    return formatAddress(this.#six ? data.subarray(0, 16) : data.subarray(4, 8));
  }

  /** The same, without the interface: which way an answer goes is for the routes to say, but for link-local addresses. */
  #leavingAs({ data }: Control): Control {
    if (!this.#six) {
      const info = Buffer.alloc(12);
      data.copy(info, 4, 4, 8);
      return { level: IPPROTO_IP, type: IP_PKTINFO, data: info };
    }
    const info = Buffer.from(data);
    const linkLocal = info[0] === 0xfe && ((info[1] ?? 0) & 0xc0) === 0x80;
    if (!linkLocal) info.writeUInt32LE(0, 16);
    return { level: IPPROTO_IPV6, type: IPV6_PKTINFO, data: info };
  }

  /** As datagrams are: what cannot be sent is lost. */
  #send(data: Uint8Array, name: Buffer, control: Control): void {
    if (!this.#closed) this.#message.send(this.#fd, data, name, control);
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch[Symbol.dispose]();
    close(this.#fd);
  }
}
