import { LOG_FORMATS, LOG_LEVELS } from '#lib/line-log';
import { absolutePath, label } from './check.ts';
import { choice, list, text, toggle, toggles } from './option.ts';

/** The daemon itself: where it lives, what it says about itself. */
export const PROCESS = {
  'config-file': text({ key: null, help: 'Daemon configuration file (default "/etc/berth/daemon.json")' }),
  'data-root': text({
    check: absolutePath,
    help: 'Root directory of persistent state (default "/var/lib/berth")',
  }),
  debug: toggle({ live: true, short: 'D', help: 'Enable debug mode' }),
  'exec-root': text({
    check: absolutePath,
    help: 'Root directory of state that a reboot ends (default "/run/berth")',
  }),
  experimental: toggle({ help: 'Tell clients that experimental features are welcome' }),
  feature: toggles({ live: true, key: 'features', help: 'Switch a feature on or off: name[=true|false]' }),
  help: toggle({ short: 'h', key: null, help: 'Print usage' }),
  label: list({ live: true, check: label, key: 'labels', help: 'Set key=value labels of the daemon' }),
  'log-format': choice(LOG_FORMATS, { help: 'Format of the daemon\'s own log ("text"|"json")' }),
  'log-level': choice(LOG_LEVELS, {
    live: true,
    short: 'l',
    help: 'Logging level ("debug"|"info"|"warn"|"error"|"fatal") (default "info")',
  }),
  pidfile: text({ short: 'p', help: 'Path of the daemon PID file (default "<exec-root>/berthd.pid")' }),
  rootless: toggle({ key: null, help: 'Run as an ordinary user, in user namespaces (see docs/rootless.md)' }),
  validate: toggle({ key: null, help: 'Validate the configuration and exit' }),
  version: toggle({ short: 'v', key: null, help: 'Print version information and quit' }),
} as const;
