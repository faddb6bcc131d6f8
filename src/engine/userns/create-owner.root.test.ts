import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';

type Ranges = readonly { readonly hostID: number; readonly size: number }[];

const skip = process.getuid?.() === 0 ? false : 'needs root';

const SCRIPT = `
import { silentLogger } from '#lib/log';
import { UserNamespaces } from '#engine/userns';
const { remap } = await UserNamespaces.open('default', silentLogger);
console.log(JSON.stringify(remap));
`;

test('`default` makes user, group and ranges, once, and adds what is missing', { skip }, () => {
  const place = mkdtempSync('/var/tmp/berth-etc-');
  try {
    // An /etc of its own, which goes with the mount namespace.
    const script = `
      set -e
      mount -t tmpfs tmpfs ${place}; mkdir ${place}/up ${place}/work
      mount -t overlay overlay -o lowerdir=/etc,upperdir=${place}/up,workdir=${place}/work /etc
      userdel dockremap >/dev/null 2>&1 || true
      sed -i /dockremap/d /etc/subuid /etc/subgid; echo other:100000:70000 >>/etc/subuid
      open() { "$NODE" --disable-warning=ExperimentalWarning --input-type=module -e "$SCRIPT"; }
      open; open; grep dockremap /etc/passwd /etc/group /etc/subuid /etc/subgid
      sed -i /dockremap/d /etc/subgid; open; grep -c dockremap /etc/subgid`;
    const before = readFileSync('/etc/passwd', 'utf8');
    const output = execFileSync('unshare', ['-m', 'sh', '-c', script], {
      encoding: 'utf8',
      cwd: import.meta.dirname,
      env: { ...process.env, NODE: process.execPath, SCRIPT },
    });
    const [first = '', second, ...rest] = output.trim().split('\n');
    const { uids, gids } = JSON.parse(first) as { uids: Ranges; gids: Ranges };
    assert.equal(uids.length, 1);
    assert.equal(uids[0]?.size, 65_536);
    // Not what another one has.
    assert.ok((uids[0]?.hostID ?? 0) >= 170_000, first);
    assert.equal(gids[0]?.size, 65_536);
    assert.equal(second, first);
    assert.match(rest[0] ?? '', /^\/etc\/passwd:dockremap:x:\d+:\d+::\/nonexistent:\/usr\/sbin\/nologin$/);
    assert.match(rest[1] ?? '', /^\/etc\/group:dockremap:x:\d+:$/);
    assert.equal(rest[2], `/etc/subuid:dockremap:${uids[0]?.hostID}:65536`);
    assert.equal(rest.at(-1), '1');
    assert.equal(readFileSync('/etc/passwd', 'utf8'), before, 'the host is unchanged');
  } finally {
    rmSync(place, { recursive: true });
  }
});
