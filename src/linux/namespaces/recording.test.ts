import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemError } from '../errno.ts';
import { type Namespaces, RecordingNamespaces } from './index.ts';

test('calls are recorded in order, and fail where a test wants it', async () => {
  const recording = new RecordingNamespaces((call) =>
    call.call === 'netlink' ? new SystemError('netlink', [], 17) : undefined,
  );
  const namespaces: Namespaces = recording;
  await namespaces.createNetns('/run/x');
  await assert.rejects(namespaces.netlink('/run/x', [{ op: 'link-up', name: 'lo' }]), { code: 'EEXIST' });
  assert.deepEqual(recording.calls, [
    { call: 'createNetns', path: '/run/x' },
    { call: 'netlink', netns: '/run/x', requests: [{ op: 'link-up', name: 'lo' }] },
  ]);
});
