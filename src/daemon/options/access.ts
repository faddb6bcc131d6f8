import { apiVersion, listenAddress } from './check.ts';
import { list, text, toggle } from './option.ts';

/** How the daemon is reached. */
export const ACCESS = {
  group: text({ short: 'G', help: 'Group of the unix socket (default "berth" where there is one)' }),
  host: list({
    short: 'H',
    key: 'hosts',
    help: 'Daemon socket to listen on (default "unix://<exec-root>/berthd.sock")',
  }),
  'metrics-addr': text({ check: listenAddress, help: 'Address and port to serve Prometheus metrics on' }),
  'min-api-version': text({
    check: apiVersion,
    help: 'Oldest API version that clients may speak (default 1.24)',
  }),
  tls: toggle({ help: 'Use TLS; implied by --tlsverify' }),
  tlscacert: text({ help: 'Trust certs signed only by this CA' }),
  tlscert: text({ help: 'Path of the TLS certificate file' }),
  tlskey: text({ help: 'Path of the TLS key file' }),
  tlsverify: toggle({ help: 'Use TLS and verify the remote' }),
} as const;
