import type { GatewayMode } from '#engine/firewall';
import { invalid } from '#lib/errors';
import type { BridgeRecord } from '../record.ts';
import { normalizeAddress } from '../subnet.ts';
import { checkInterfaceName } from './bridge-device.ts';

const BRIDGE = 'com.docker.network.bridge.';
const MTU = 'com.docker.network.driver.mtu';
const HOST_IP4 = 'com.docker.network.host_ipv4';
const HOST_IP6 = 'com.docker.network.host_ipv6';
const MODES: readonly GatewayMode[] = ['nat', 'nat-unprotected', 'routed', 'isolated'];

type Options = Readonly<Record<string, string>>;

/** What the options of a network say of its bridge; others are for other readers. @throws invalid */
export function bridgeOf(
  options: Options,
  defaults: { name: string; mtu: number | undefined; internal: boolean },
): Omit<BridgeRecord, 'ours'> {
  const mtu = mtuOf(options) ?? defaults.mtu;
  const hostBinding = addressOf(options, `${BRIDGE}host_binding_ipv4`);
  const hostIp4 = addressOf(options, HOST_IP4);
  const hostIp6 = addressOf(options, HOST_IP6);
  return {
    name: checkInterfaceName(options[`${BRIDGE}name`] || defaults.name),
    ...(mtu === undefined ? {} : { mtu }),
    masquerade: truth(options, `${BRIDGE}enable_ip_masquerade`, true),
    icc: truth(options, `${BRIDGE}enable_icc`, true),
    gatewayMode4: modeOf(options, `${BRIDGE}gateway_mode_ipv4`, defaults.internal),
    gatewayMode6: modeOf(options, `${BRIDGE}gateway_mode_ipv6`, defaults.internal),
    inhibitIpv4: truth(options, `${BRIDGE}inhibit_ipv4`, false),
    ...(hostBinding === undefined ? {} : { hostBinding }),
    ...(hostIp4 === undefined ? {} : { hostIp4 }),
    ...(hostIp6 === undefined ? {} : { hostIp6 }),
    trustedInterfaces: trustedInterfaces(options),
  };
}

/** @throws invalid */
export function mtuOf(options: Options): number | undefined {
  const text = options[MTU];
  if (text === undefined || text === '' || text === '0') return undefined;
  const mtu = Number(text);
  // 68 is the least that IPv4 works with (RFC 791).
  if (!Number.isInteger(mtu) || mtu < 68 || mtu > 65_535) {
    throw invalid(`failed to parse ${MTU} value: ${text} (an MTU is a number between 68 and 65535)`);
  }
  return mtu;
}

/** Go's spellings of a truth value. */
const TRUTHS: Readonly<Record<string, boolean>> = {
  '1': true,
  t: true,
  T: true,
  true: true,
  TRUE: true,
  True: true,
  '0': false,
  f: false,
  F: false,
  false: false,
  FALSE: false,
  False: false,
};

/** @throws invalid */
export function truth(options: Options, name: string, initial: boolean): boolean {
  const text = options[name];
  if (text === undefined) return initial;
  const value = TRUTHS[text];
  if (value === undefined) throw invalid(`failed to parse ${name} value: ${text} (use true or false)`);
  return value;
}

function modeOf(options: Options, name: string, internal: boolean): GatewayMode {
  const text = options[name];
  if (text === undefined || text === '') return 'nat';
  const mode = MODES.find((known) => known === text);
  if (!mode) throw invalid(`unknown gateway mode ${text} (use one of ${MODES.join(', ')})`);
  if (mode === 'isolated' && !internal) {
    throw invalid(`gateway mode 'isolated' can only be used for an internal network`);
  }
  return mode;
}

function addressOf(options: Options, name: string): string | undefined {
  const text = options[name];
  if (text === undefined || text === '') return undefined;
  try {
    return normalizeAddress(text);
  } catch (error) {
    throw invalid(`failed to parse ${name} value: ${text} (it is no IP address)`, error);
  }
}

/** Separated by colons, as a comma would end the option on a command line. */
const trustedInterfaces = (options: Options): string[] =>
  (options[`${BRIDGE}trusted_host_interfaces`] ?? '').split(':').filter(Boolean).map(checkInterfaceName);
