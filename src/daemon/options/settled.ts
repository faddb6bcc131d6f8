import { invalid } from '#lib/errors';
import { choice, type Option, toggle } from './option.ts';

/** A switch of dockerd's that has one position here: the other one is refused, rather than not obeyed. */
function only(position: boolean, reason: string): Option<boolean> {
  const { parse, decode } = toggle({ help: '' });
  const checked = (value: boolean) => {
    if (value !== position) throw invalid(`cannot be ${value}: ${reason}`);
    return value;
  };
  return {
    help: `Always ${position}: ${reason}`,
    parse: (text, before) => checked(parse(text, before)),
    decode: (value) => checked(decode(value)),
  };
}

const OWN_TABLE =
  'published ports and masquerade live in an nftables table of their own, which changes no rule of the host; who may reach published ports says publish-policy';

/** What is decided here, and accepted so that a daemon.json of dockerd that says the same still works. */
export const SETTLED = {
  'firewall-backend': choice(['nftables'], { help: 'Always "nftables"' }),
  ip6tables: only(true, OWN_TABLE),
  iptables: only(true, OWN_TABLE),
  'ip-forward-no-drop': only(true, "the host's policies are never changed"),
  'raw-logs': toggle({ help: "The daemon's own log never has colours" }),
  'selinux-enabled': only(false, 'SELinux labels are not supported'),
  'userland-proxy': toggle({ help: 'Published ports never need a proxy' }),
} as const;
