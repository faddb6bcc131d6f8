import type { Body, Resolver } from './encode-link.ts';
import { attribute, NLM_F_CREATE, NLM_F_REPLACE, text, u32, u64 } from './message.ts';
import type { QueueRequest } from './request.ts';

const RTM_NEWQDISC = 36;
const RTM_DELQDISC = 37;

const TCA_KIND = 1;
const TCA_OPTIONS = 2;
const TCA_TBF_PARMS = 1;
const TCA_TBF_RATE64 = 4;
const TCA_TBF_BURST = 6;

const TC_H_ROOT = 0xffffffff;
const TC_LINKLAYER_ETHERNET = 1;

/** What may go at once: 10 ms of the rate, and never less than two of the largest packets a veth passes on whole. */
const burstOf = (rate: number): number => Math.max(2 * 65_536, Math.ceil(rate / 100));
/** What waits for its turn before it is dropped: as much as leaves in 50 ms. */
const QUEUE_SECONDS = 0.05;

/** @see tc-tbf(8) */
export function encodeQueue(request: QueueRequest, resolver: Resolver): Body {
  const index = resolver.index(request.name);
  if (request.op === 'queue-reset') return { type: RTM_DELQDISC, flags: 0, parts: [root(index, 0)] };
  return {
    type: RTM_NEWQDISC,
    flags: NLM_F_CREATE | NLM_F_REPLACE,
    parts: [root(index, 0x10000), attribute(TCA_KIND, text('tbf')), bucket(request.rate)],
  };
}

/** `struct tcmsg` { u8 family; s32 ifindex; u32 handle, parent, info } */
function root(index: number, handle: number): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.writeInt32LE(index, 4);
  bytes.writeUInt32LE(handle, 8);
  bytes.writeUInt32LE(TC_H_ROOT, 12);
  return bytes;
}

/** `struct tc_tbf_qopt` { struct tc_ratespec rate, peakrate (12 bytes each); u32 limit, buffer, mtu } */
function bucket(rate: number): Buffer {
  const burst = burstOf(rate);
  const options = Buffer.alloc(36);
  options[1] = TC_LINKLAYER_ETHERNET;
  options.writeUInt32LE(Math.min(rate, 0xffffffff), 8);
  options.writeUInt32LE(Math.min(0x7fffffff, Math.ceil(rate * QUEUE_SECONDS) + burst), 24);
  return attribute(TCA_OPTIONS, [
    attribute(TCA_TBF_PARMS, options),
    ...(rate > 0xffffffff ? [attribute(TCA_TBF_RATE64, u64(BigInt(rate)))] : []),
    attribute(TCA_TBF_BURST, u32(burst)),
  ]);
}
