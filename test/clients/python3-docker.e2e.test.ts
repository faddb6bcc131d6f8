import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Daemon } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();

/** Everyday work with Debian's python3-docker, by its own interpreter. */
const PROGRAM = `
import docker, io, tarfile
client = docker.from_env()
assert client.ping()
assert client.version()['ApiVersion']
assert client.info()['OSType'] == 'linux'

assert client.containers.run('busybox', ['echo', 'hello'], remove=True) == b'hello\\n'
try:
    client.containers.run('busybox', ['sh', '-c', 'echo oops >&2; exit 3'], remove=True)
    raise SystemExit('no error')
except docker.errors.ContainerError as error:
    assert error.exit_status == 3 and error.stderr == b'oops\\n', error

box = client.containers.run(
    'busybox', ['sleep', '1000'], detach=True, name='box', labels={'made': 'here'},
    environment={'A': 'b'}, ports={'80/tcp': None}, mem_limit='64m', init=True,
    volumes={'data': {'bind': '/data', 'mode': 'rw'}}, healthcheck={'test': ['CMD', 'true'], 'interval': 10**9})
box.reload()
assert box.status == 'running'
assert box.attrs['HostConfig']['Memory'] == 64 * 2**20
assert box.ports['80/tcp'][0]['HostPort']
code, output = box.exec_run(['sh', '-c', 'echo $A; echo err >&2'], demux=True)
assert (code, output) == (0, (b'b\\n', b'err\\n')), output
assert box.exec_run(['cat', '/nosuch']).exit_code == 1
assert 'sleep 1000' in str(box.top())
assert box.stats(stream=False)['memory_stats']['usage'] > 0

archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode='w') as tar:
    entry = tarfile.TarInfo('put')
    entry.size = 3
    tar.addfile(entry, io.BytesIO(b'got'))
assert box.put_archive('/data', archive.getvalue())
chunks, stat = box.get_archive('/data/put')
with tarfile.open(fileobj=io.BytesIO(b''.join(chunks))) as tar:
    assert tar.extractfile('put').read() == b'got'
assert stat['name'] == 'put' and stat['size'] == 3
box.exec_run(['touch', '/touched'])
assert any(change['Path'] == '/touched' and change['Kind'] == 1 for change in box.diff())
box.rename('renamed')
box.update(mem_limit='96m', memswap_limit='96m')
box.pause(); box.unpause()
box.restart(timeout=0)
assert [found.name for found in client.containers.list(filters={'label': 'made=here'})] == ['renamed']
image = box.commit(repository='made', tag='1')
assert 'made:1' in image.tags
box.stop(timeout=0)
assert box.wait()['StatusCode'] in (137, 143)
box.remove()

logged = client.containers.run('busybox', ['sh', '-c', 'echo one; echo two >&2'], detach=True)
logged.wait()
assert logged.logs() == b'one\\ntwo\\n'
assert logged.logs(stdout=False, stderr=True) == b'two\\n'
assert list(logged.logs(stream=True, follow=True))[0] == b'one\\n'
logged.remove(v=True)

network = client.networks.create('net', labels={'a': 'b'})
other = client.containers.run('busybox', ['sleep', '1000'], detach=True, network='net', name='other')
network.reload()
assert [member.name for member in network.containers] == ['other']
network.disconnect(other); network.connect(other, aliases=['alias'])
other.remove(force=True)
network.remove()

volume = client.volumes.get('data')
volume.remove()
saved = b''.join(image.save(named=True))
client.images.remove('made:1')
assert [loaded.tags for loaded in client.images.load(saved)] == [['made:1']]
client.images.get('made:1').tag('other', 'name')
client.images.remove('other:name'); client.images.remove('made:1')
try:
    client.images.get('nosuch')
    raise SystemExit('no error')
except docker.errors.ImageNotFound:
    pass
try:
    client.containers.get('nosuch')
    raise SystemExit('no error')
except docker.errors.NotFound:
    pass
assert client.df()['ImageUsage'] is not None
events = list(client.events(since=0, until=2, decode=True))
assert events == [], events
print(client.api._version)
`;

it('python3-docker does its everyday work', async () => {
  const negotiated = await daemon.run('/usr/bin/python3', ['-c', PROGRAM], { timeout: 120_000 });
  assert.equal(negotiated.code, 0, negotiated.stderr);
});
