import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { digestOf } from '#oci/digest';
import { Served } from '../testing/served.ts';

it('a full disk: 507, nothing half stored, nothing lost, and the space is given back', async () => {
  const root = await mkdtemp(join(tmpdir(), 'berth-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', root]);
  try {
    await using served = await Served.start({ root });
    const kept = await served.pushImage('team/app', 'v1', 'layer');
    const large = Buffer.alloc(6 << 20, 'x');
    const digest = digestOf(large);
    const refused = await served.send('POST', `/v2/team/app/blobs/uploads/?digest=${digest}`, large);
    assert.deepEqual([refused.status, refused.code], [507, 'UNAVAILABLE']);
    const { headers } = await served.send('POST', '/v2/team/app/blobs/uploads/');
    const at = headers.location ?? '';
    assert.equal((await served.send('PATCH', at, large)).status, 507);
    assert.equal((await served.send('GET', at)).code, 'BLOB_UPLOAD_UNKNOWN');
    assert.deepEqual(await readdir(join(root, 'uploads')), []);
    assert.equal((await served.send('HEAD', `/v2/team/app/blobs/${digest}`)).status, 404);
    assert.equal(digestOf((await served.send('GET', '/v2/team/app/manifests/v1')).body), kept);
    await served.pushBlob('team/app', Buffer.alloc(2 << 20, 'fits'));
  } finally {
    execFileSync('umount', [root]);
    await rm(root, { recursive: true });
  }
});
