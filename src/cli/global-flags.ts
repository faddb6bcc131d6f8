import { bool, type FlagValues, list, string } from './flags/flag.ts';

/** Options before the command's name. */
export const globalFlags = {
  config: string('Directory of the config file (default "~/.docker")'),
  context: string('Docker context; only "default" is known here', { short: 'c' }),
  debug: bool('Show more about errors', { short: 'D' }),
  help: bool('Show this help', { hidden: true, short: 'h' }),
  host: list('Daemon to connect to (unix:///path, tcp://host:port, ssh://user@host)', { short: 'H' }),
  'log-level': string('Log level', { short: 'l', hidden: true }),
  tls: bool('Use TLS'),
  tlscacert: string('Trust only certificates signed by this CA'),
  tlscert: string('Certificate of the client'),
  tlskey: string('Key of the client'),
  tlsverify: bool('Use TLS and verify the daemon'),
  version: bool('Print the version', { short: 'v' }),
} as const;

export type GlobalFlags = FlagValues<typeof globalFlags>;
