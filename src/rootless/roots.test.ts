import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { test } from 'node:test';
import { networkArguments } from './network.ts';
import { rootlessRoots } from './roots.ts';

test("an ordinary user's directories", () => {
  assert.deepEqual(rootlessRoots({ XDG_RUNTIME_DIR: '/run/user/1000' }), {
    dataRoot: `${homedir()}/.local/share/berth`,
    execRoot: '/run/user/1000/berth',
    configFile: `${homedir()}/.config/berth/daemon.json`,
  });
  const environment = { XDG_RUNTIME_DIR: '/r', XDG_DATA_HOME: '/d', XDG_CONFIG_HOME: '/c' };
  assert.deepEqual(rootlessRoots(environment), {
    dataRoot: '/d/berth',
    execRoot: '/r/berth',
    configFile: '/c/berth/daemon.json',
  });
  assert.throws(() => rootlessRoots({}), { kind: 'invalid', message: /needs XDG_RUNTIME_DIR/ });
});

test("nothing comes in through the program that connects the network, and the host's loopback stays closed", () => {
  const pasta = networkArguments({ kind: 'pasta', path: '/usr/bin/pasta' }, '/n');
  for (const flag of ['-t', '-u', '-T', '-U']) assert.equal(pasta[pasta.indexOf(flag) + 1], 'none');
  assert.ok(pasta.includes('--no-map-gw'));
  const slirp = networkArguments({ kind: 'slirp4netns', path: '/usr/bin/slirp4netns' }, '/n');
  assert.ok(slirp.includes('--disable-host-loopback'));
});
