/** Numbers of the DNS as IANA keeps them, those that are used here. */

export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  /** Needs EDNS: 4 bits are in the header, 8 more in the OPT record. */
  BADVERS: 16,
} as const;

export const TYPE = {
  A: 1,
  SOA: 6,
  PTR: 12,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

export const CLASS_IN = 1;

/** `struct` of a header: id, flags, then the counts of the four sections; 16 bits each. */
export const HEADER = 12;

/** What a UDP reply may have when the client does not speak EDNS (RFC 1035 4.2.1). */
export const PLAIN_UDP_LIMIT = 512;

/** A length goes before each message on TCP, of 16 bits. */
export const TCP_LIMIT = 65_535;
