import { attribute, be32, NLA_F_NESTED, text } from '../netlink/message.ts';

/** Expressions of a rule, as nf_tables(4)'s netlink interface (linux/netfilter/nf_tables.h) takes them. */

const NFTA_LIST_ELEM = 1;
const NFTA_EXPR = { NAME: 1, DATA: 2 };
const NFTA_DATA = { VALUE: 1, VERDICT: 2 };
const NFTA_VERDICT_CODE = 1;
const NFTA_META = { DREG: 1, KEY: 2 };
const NFTA_CMP = { SREG: 1, OP: 2, DATA: 3 };
const NFTA_IMMEDIATE = { DREG: 1, DATA: 2 };
const NFTA_PAYLOAD = {
  DREG: 1,
  BASE: 2,
  OFFSET: 3,
  LEN: 4,
  SREG: 5,
  CSUM_TYPE: 6,
  CSUM_OFFSET: 7,
  CSUM_FLAGS: 8,
};
const NFTA_LIMIT = { RATE: 1, UNIT: 2, BURST: 3, TYPE: 4, FLAGS: 5 };

/** The register that the expressions here pass a value in. */
const NFT_REG_1 = 1;
const NFT_REG_VERDICT = 0;
const NF_DROP = 0;
const NFT_META_L4PROTO = 16;
const NFT_CMP_EQ = 0;
const NFT_PAYLOAD_CSUM_INET = 1;
const NFT_LIMIT_PKTS = 0;
const NFT_LIMIT_F_INV = 1;

/** Where an offset into a packet counts from. */
export const NETWORK_HEADER = 1;
export const TRANSPORT_HEADER = 2;

const nested = (type: number, value: readonly Buffer[]): Buffer => attribute(type | NLA_F_NESTED, value);

const expression = (name: string, ...data: readonly Buffer[]): Buffer =>
  nested(NFTA_LIST_ELEM, [attribute(NFTA_EXPR.NAME, text(name)), nested(NFTA_EXPR.DATA, data)]);

/** Goes on with the packets whose register has this value. */
const equals = (value: Buffer): Buffer =>
  expression(
    'cmp',
    attribute(NFTA_CMP.SREG, be32(NFT_REG_1)),
    attribute(NFTA_CMP.OP, be32(NFT_CMP_EQ)),
    nested(NFTA_CMP.DATA, [attribute(NFTA_DATA.VALUE, value)]),
  );

const position = (base: number, offset: number, length: number): Buffer[] => [
  attribute(NFTA_PAYLOAD.BASE, be32(base)),
  attribute(NFTA_PAYLOAD.OFFSET, be32(offset)),
  attribute(NFTA_PAYLOAD.LEN, be32(length)),
];

/** Goes on with the packets of this transport protocol (IPPROTO_*). */
export const ofProtocol = (protocol: number): Buffer[] => [
  expression(
    'meta',
    attribute(NFTA_META.DREG, be32(NFT_REG_1)),
    attribute(NFTA_META.KEY, be32(NFT_META_L4PROTO)),
  ),
  equals(Buffer.from([protocol])),
];

/** Goes on with the packets that have these bytes there. */
export const having = (base: number, offset: number, value: Buffer): Buffer[] => [
  expression(
    'payload',
    attribute(NFTA_PAYLOAD.DREG, be32(NFT_REG_1)),
    ...position(base, offset, value.length),
  ),
  equals(value),
];

/** Writes bytes into the packet; `checksum`: offset of the transport header's checksum, which is brought up to date. */
export const write = (base: number, offset: number, value: Buffer, checksum: number): Buffer[] => [
  expression(
    'immediate',
    attribute(NFTA_IMMEDIATE.DREG, be32(NFT_REG_1)),
    nested(NFTA_IMMEDIATE.DATA, [attribute(NFTA_DATA.VALUE, value)]),
  ),
  expression(
    'payload',
    attribute(NFTA_PAYLOAD.SREG, be32(NFT_REG_1)),
    ...position(base, offset, value.length),
    attribute(NFTA_PAYLOAD.CSUM_TYPE, be32(NFT_PAYLOAD_CSUM_INET)),
    attribute(NFTA_PAYLOAD.CSUM_OFFSET, be32(checksum)),
    attribute(NFTA_PAYLOAD.CSUM_FLAGS, be32(0)),
  ),
];

/** Drops what is beyond so many packets a second. */
export function dropOver(rate: number, burst: number): Buffer[] {
  const be64 = (value: number): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(value));
    return bytes;
  };
  return [
    expression(
      'limit',
      attribute(NFTA_LIMIT.RATE, be64(rate)),
      attribute(NFTA_LIMIT.UNIT, be64(1)),
      attribute(NFTA_LIMIT.BURST, be32(burst)),
      attribute(NFTA_LIMIT.TYPE, be32(NFT_LIMIT_PKTS)),
      attribute(NFTA_LIMIT.FLAGS, be32(NFT_LIMIT_F_INV)),
    ),
    expression(
      'immediate',
      attribute(NFTA_IMMEDIATE.DREG, be32(NFT_REG_VERDICT)),
      nested(NFTA_IMMEDIATE.DATA, [nested(NFTA_DATA.VERDICT, [attribute(NFTA_VERDICT_CODE, be32(NF_DROP))])]),
    ),
  ];
}
