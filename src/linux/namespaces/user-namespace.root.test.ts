import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { unmount } from '../mount/index.ts';
import { bindNamespace, createUserNamespace } from './index.ts';

const map = {
  uids: [
    { containerID: 0, hostID: 700_000, size: 1000 },
    { containerID: 1000, hostID: 900_000, size: 10 },
  ],
  gids: [{ containerID: 0, hostID: 800_000, size: 1000 }],
};

test('a user namespace has its ids, rules in its network namespace, and can be given a name', async () => {
  const directory = mkdtempSync('/tmp/berth-userns-');
  const [user, net] = [join(directory, 'user'), join(directory, 'net')];
  try {
    using made = await createUserNamespace(map, { network: true });
    bindNamespace(`/proc/self/fd/${made.user}`, user);
    bindNamespace(`/proc/self/fd/${made.network}`, net);
    assert.throws(() => bindNamespace(`/proc/self/fd/${made.user}`, user), { code: 'EEXIST' });
    const inside = (command: string) =>
      execFileSync('nsenter', [`--user=${user}`, `--net=${net}`, 'sh', '-ec', command], { encoding: 'utf8' });
    assert.deepEqual(
      inside(
        'tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map; id -u; ip link set lo up && echo root',
      )
        .split('\n')
        .map((line) => line.trim()),
      ['0 700000 1000', '1000 900000 10', '0 800000 1000', '0', 'root', ''],
    );
  } finally {
    for (const place of [user, net]) await unmount(place);
    rmSync(directory, { recursive: true });
  }
});

test('without a network namespace there is none, and nothing is left of what made it', async () => {
  const children = () => readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
  const before = children();
  let descriptor: number;
  {
    using made = await createUserNamespace(map);
    descriptor = made.user;
    assert.equal(made.network, undefined);
    assert.notEqual(readlinkSync(`/proc/self/fd/${made.user}`), readlinkSync('/proc/self/ns/user'));
    assert.equal(children(), before);
  }
  assert.ok(!existsSync(`/proc/self/fd/${descriptor}`));
});

test('ids that overlap are refused by the kernel, and nothing is left', async () => {
  const overlapping = { ...map, uids: [...map.uids, { containerID: 5, hostID: 1, size: 5 }] };
  const before = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8');
  await assert.rejects(createUserNamespace(overlapping), { code: 'EINVAL' });
  assert.equal(readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8'), before);
});
