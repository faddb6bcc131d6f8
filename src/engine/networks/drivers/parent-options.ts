import { invalid } from '#lib/errors';
import type { IpvlanFlag, IpvlanMode, MacvlanMode } from '#linux/netlink';
import type { ParentRecord } from '../record.ts';
import { checkInterfaceName } from './bridge-device.ts';
import { mtuOf } from './bridge-options.ts';

const MACVLAN_MODES: readonly MacvlanMode[] = ['bridge', 'private', 'vepa', 'passthru'];
const IPVLAN_MODES: readonly IpvlanMode[] = ['l2', 'l3', 'l3s'];
const IPVLAN_FLAGS: readonly IpvlanFlag[] = ['bridge', 'private', 'vepa'];
const VLAN_LIMIT = 4094;

type Options = Readonly<Record<string, string>>;
export type ParentDriver = 'macvlan' | 'ipvlan';

/** What the options of a macvlan or ipvlan network say. `id`: the network's. @throws invalid */
export function parentOf(driver: ParentDriver, options: Options, id: string): ParentRecord {
  const mtu = mtuOf(options);
  const mode = driver === 'macvlan' ? macvlanMode(options) : ipvlanMode(options);
  // Without a parent the containers are on a wire of their own.
  const prefix = driver === 'macvlan' ? 'dm' : 'di';
  const name = checkInterfaceName(options['parent'] || `${prefix}-${id.slice(0, 12)}`);
  return { name, ...(mtu === undefined ? {} : { mtu }), ...mode };
}

const macvlanMode = (options: Options): Pick<ParentRecord, 'mode'> => ({
  mode: oneOf(options['macvlan_mode'], MACVLAN_MODES, 'macvlan mode'),
});

const ipvlanMode = (options: Options): Pick<ParentRecord, 'mode' | 'flag'> => ({
  mode: oneOf(options['ipvlan_mode'], IPVLAN_MODES, 'ipvlan mode'),
  flag: oneOf(options['ipvlan_flag'], IPVLAN_FLAGS, 'ipvlan flag'),
});

/** The first is what goes without saying. */
function oneOf<T extends string>(text: string | undefined, known: readonly T[], what: string): T {
  const found = known.find((each) => each === (text || known[0]));
  if (found === undefined) {
    throw invalid(
      `requested ${what} '${text}' is not valid, '${known[0]}' is the default (use one of ${known.join(', ')})`,
    );
  }
  return found;
}

/** `eth0.10`: VLAN 10 of eth0. @throws invalid */
export function vlanOf(name: string): { vlan: number; of: string } {
  const [, of, digits] = /^(.+)\.(\d{1,4})$/.exec(name) ?? [];
  const vlan = Number(digits);
  if (of === undefined || vlan < 1 || vlan > VLAN_LIMIT) {
    throw invalid(
      `the requested parent interface ${name} was not found on the host, and it names no VLAN to be made, such as eth0.10 (1 to ${VLAN_LIMIT})`,
    );
  }
  return { vlan, of };
}
