import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { emulatorOf, programHeader, readEmulators } from './index.ts';

const directory = mkdtempSync('/tmp/berth-binfmt-');
after(() => rmSync(directory, { recursive: true, force: true }));

const write = (name: string, lines: readonly string[]): void =>
  writeFileSync(join(directory, name), `${lines.join('\n')}\n`);

// As Linux shows what Debian's qemu-user-static registers.
const AARCH64 = [
  'enabled',
  'interpreter /usr/bin/qemu-aarch64-static',
  'flags: OCF',
  'offset 0',
  'magic 7f454c460201010000000000000000000200b700',
  'mask ffffffffffffff00fffffffffffffffffeffffff',
];
const ARM = [
  'enabled',
  'interpreter /usr/bin/qemu-arm-static',
  'flags: ',
  'offset 0',
  'magic 7f454c4601010100000000000000000002002800',
  'mask ffffffffffffff00fffffffffffffffffeffffff',
];

describe('emulators of foreign programs', () => {
  write('status', ['enabled']);
  write('register', []);
  write('qemu-aarch64', AARCH64);
  write('qemu-arm', ARM);
  write('qemu-riscv64', ['disabled', ...AARCH64.slice(1)]);
  write('python3.11', [
    'enabled',
    'interpreter /usr/bin/python3.11',
    'flags: ',
    'offset 0',
    'magic a70d0d0a',
  ]);
  const emulators = readEmulators(directory);
  const find = (architecture: string) => {
    const header = programHeader(architecture);
    return header && emulatorOf(header, emulators);
  };

  it('those switched on, and whether their interpreter is held open', () => {
    assert.deepEqual(emulators.map(({ name }) => name).sort(), ['python3.11', 'qemu-aarch64', 'qemu-arm']);
    assert.equal(find('arm64')?.name, 'qemu-aarch64');
    assert.equal(find('arm64')?.fixed, true);
    assert.equal(find('arm')?.fixed, false);
  });

  it('none for other machines, unknown ones, and where nothing is mounted', () => {
    for (const other of ['amd64', 's390x', 'riscv64', 'ppc64le', '386']) assert.equal(find(other), undefined);
    assert.equal(programHeader('vax'), undefined);
    assert.deepEqual(readEmulators(join(directory, 'nowhere')), []);
    mkdirSync(join(directory, 'empty'));
    assert.deepEqual(readEmulators(join(directory, 'empty')), []);
  });
});
