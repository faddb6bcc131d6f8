import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { criuReason } from './checkpoint.ts';

const directory = mkdtempSync(join(tmpdir(), 'criu-'));
after(() => rmSync(directory, { recursive: true }));

test('of what CRIU logged the first error is the reason', () => {
  const log = join(directory, 'dump.log');
  writeFileSync(
    log,
    [
      '(00.000062) Version: 3.17.1 (gitid 0)',
      '(00.018801) Warn  (criu/libnetlink.c:55): ERROR -2 reported by netlink',
      '(00.023411) Error (criu/sk-inet.c:191): inet: Connected TCP socket, consider using --tcp-established option.',
      '(00.024001)      1: Error (criu/cr-restore.c:1480): 7 exited, status=1',
      '(00.024412) Error (criu/cr-dump.c:1781): Dumping FAILED.',
    ].join('\n'),
  );
  assert.equal(criuReason(log), 'inet: Connected TCP socket, consider using --tcp-established option.');
  writeFileSync(log, '(00.1)      1: Error (criu/files-reg.c:2143): File bin/x has bad size 1 (expect 2)\n');
  assert.equal(criuReason(log), 'File bin/x has bad size 1 (expect 2)');
  writeFileSync(log, 'nothing of the kind');
  assert.equal(criuReason(log), undefined);
  assert.equal(criuReason(join(directory, 'none')), undefined);
});
