import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemError } from '#lib/errors';
import type { NetworkProgram } from './requirements.ts';

/**
 * Ours, in a network that nobody else has (link-local, RFC 3927). With an address of the host, pasta's default, the
 * host itself could not be reached under that address.
 */
const PASTA_ADDRESS = ['--address', '169.254.2.1', '--netmask', '24', '--gateway', '169.254.2.2'];
/** What is said to this address is said to the host's name server, wherever that listens. */
const PASTA_DNS = '169.254.2.3';
/** slirp4netns has a fixed one. */
const SLIRP_DNS = '10.0.2.3';

const PATIENCE_MS = 10_000;

/** Its command line. Nothing comes in through it, and the host's own loopback stays out of reach. */
export function networkArguments({ kind }: NetworkProgram, netns: string): readonly string[] {
  if (kind === 'slirp4netns') {
    return [
      kind,
      '--configure',
      '--mtu=65520',
      '--disable-host-loopback',
      '--netns-type=path',
      netns,
      'tap0',
    ];
  }
  // We are root of a user namespace, and stay it: as somebody else it could not enter the network.
  const where = ['--runas', '0', '--netns-only', '--netns', netns];
  const what = ['--config-net', ...PASTA_ADDRESS, '--no-map-gw', '--dns-forward', PASTA_DNS];
  const nothingIn = ['-t', '-u', '-T', '-U'].flatMap((flag) => [flag, 'none']);
  return [kind, '--foreground', ...where, ...what, ...nothingIn];
}

export const nameServerOf = ({ kind }: NetworkProgram): string => (kind === 'pasta' ? PASTA_DNS : SLIRP_DNS);

/** Until this thread's network has an address beside loopback's. @throws system */
export async function connected(program: NetworkProgram, ended: Promise<unknown>): Promise<void> {
  let over = false;
  void ended.then(() => (over = true));
  const deadline = performance.now() + PATIENCE_MS;
  const hasAddress = () =>
    Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ internal }) => !internal));
  for (let delay = 5; !hasAddress(); delay = Math.min(delay * 2, 100)) {
    if (over) {
      const offline =
        program.kind === 'pasta' ? '; on a host without a default route rootless mode needs slirp4netns' : '';
      throw systemError(`${program.kind} could not connect the network: see the messages above${offline}`);
    }
    if (performance.now() > deadline)
      throw systemError(`${program.kind} did not connect the network in time`);
    await sleep(delay);
  }
}
