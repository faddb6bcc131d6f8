import { invalid } from '#lib/errors';
import { Ipam } from './ipam.ts';
import type { BridgeRecord, NetworkRecord } from './record.ts';
import type { Endpoint, Lease } from './sandbox.ts';
import { parseCidr } from './subnet.ts';

/** The cursor is stored once in so many leases, and so far ahead. */
const CURSOR_STEP = 64;

/** A bridge network in use: its record and who has which address. */
export class BridgeNetwork {
  readonly bridge: BridgeRecord;
  readonly #ipam: Ipam;
  readonly #ipam6: Ipam | undefined;
  readonly #saveCursor: (cursor: number) => void;
  #leases = 0;
  #given = 0;

  constructor(record: NetworkRecord, bridge: BridgeRecord, saveCursor: (cursor: number) => void) {
    this.bridge = bridge;
    this.#saveCursor = saveCursor;
    const cursor = record.cursor === undefined ? {} : { cursor: BigInt(record.cursor) };
    this.#ipam = new Ipam(parseCidr(bridge.subnet).subnet, { reserved: [bridge.gateway], ...cursor });
    if (bridge.subnet6 !== undefined && bridge.gateway6 !== undefined) {
      this.#ipam6 = new Ipam(parseCidr(bridge.subnet6).subnet, { reserved: [bridge.gateway6], ...cursor });
    }
  }

  /** Endpoints, those being made included. */
  get leases(): number {
    return this.#leases;
  }

  /** Addresses for a new endpoint, all or none. @throws invalid, conflict, unavailable */
  lease(asked: { address?: string; address6?: string; mac?: string } = {}): Lease {
    const { bridge } = this;
    const mac = asked.mac === undefined ? undefined : checkMac(asked.mac);
    if (asked.address6 !== undefined && !this.#ipam6) {
      throw invalid('an IPv6 address was asked for, but this network has no IPv6');
    }
    const address = this.#ipam.allocate(asked.address);
    try {
      const address6 = this.#ipam6?.allocate(asked.address6);
      this.#leases++;
      this.#advance();
      return {
        address,
        prefix: this.#ipam.subnet.prefix,
        gateway: bridge.gateway,
        mac: mac ?? macOf(address),
        ...(address6 !== undefined && this.#ipam6 && bridge.gateway6 !== undefined
          ? { address6, prefix6: this.#ipam6.subnet.prefix, gateway6: bridge.gateway6 }
          : {}),
      };
    } catch (error) {
      this.#ipam.release(address);
      throw error;
    }
  }

  /** Takes the addresses of an endpoint that an earlier life of the engine made. @throws conflict */
  adopt(endpoint: Endpoint): void {
    this.#ipam.allocate(endpoint.address);
    if (endpoint.address6 !== undefined) this.#ipam6?.allocate(endpoint.address6);
    this.#leases++;
  }

  release(lease: { address: string; address6?: string }): void {
    this.#ipam.release(lease.address);
    if (lease.address6 !== undefined) this.#ipam6?.release(lease.address6);
    this.#leases--;
  }

  #advance(): void {
    if (this.#given++ % CURSOR_STEP === 0) this.#saveCursor(Number(this.#ipam.cursor) + CURSOR_STEP);
  }
}

/** 02:42 and the four bytes of the address, as Docker's bridge did: the same address has the same MAC in every ARP cache. */
const macOf = (address: string): string =>
  ['02', '42', ...address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'))].join(':');

function checkMac(text: string): string {
  const mac = text.toLowerCase().replaceAll('-', ':');
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) throw invalid(`invalid MAC address: ${text}`);
  if (Number.parseInt(mac.slice(0, 2), 16) & 1) {
    throw invalid(`invalid MAC address: ${text} is a multicast address, which an interface cannot have`);
  }
  return mac;
}
