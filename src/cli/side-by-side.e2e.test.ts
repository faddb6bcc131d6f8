import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { Daemon, type Result } from '../../test/fixtures/daemon.ts';
import { buildBundle } from './bundle.fixture.ts';

// The stock docker CLI and ours against one daemon: what they print and how they end must be the same.
before(buildBundle);
const daemon = Daemon.forThisFile({}, async () => {
  await daemon.ok(
    'run',
    '-d',
    '--name',
    'web',
    '-p',
    '18080:80',
    '-p',
    '127.0.0.1:18053:53/udp',
    '--expose',
    '7000-7005',
    '-l',
    'a=b',
    '-l',
    'c=d',
    '-v',
    'shelf:/data',
    '-v',
    '/tmp:/host',
    'busybox',
    'sh',
    '-c',
    'echo out; echo err >&2; sleep 10000',
  );
  await daemon.ok('create', '--name', 'made', 'busybox', 'echo', 'a command that is long enough to be cut');
  await daemon.docker('run', '--name', 'failed', 'busybox', 'sh', '-c', 'touch /new; exit 3');
  await daemon.ok('exec', 'web', 'sh', '-c', 'mkdir /tree; echo x > /tree/file; ln -s file /tree/link');
});

const COMMANDS = `
ps
ps -a
ps -aq
ps -a --no-trunc
ps -as
ps -l
ps -n 2
ps -a --format '{{.Names}}: {{.Status}}'
ps -a --format 'table {{.ID}}\\t{{.Names}}\\t{{.Ports}}'
ps -a --format '{{.Label "a"}} {{.Labels}} {{.Mounts}} {{.LocalVolumes}} {{.Networks}} {{.CreatedAt}} {{.State}}'
ps -a --format 'table {{.Names}}\\t{{.Label "a"}}\\t{{upper .State}}'
ps -a --filter status=exited -q
ps -f foo
images
images -q
images --digests
images --no-trunc
images --format '{{.Repository}}:{{.Tag}} {{.Size}} {{.ID}} {{.CreatedAt}}'
images busybox
images nothing
history busybox
history --no-trunc -H=false busybox
history nothing
port web
port web 80
port web 53/udp
port web 1234
logs web
logs --tail 0 web
logs nothing
top web
diff failed
inspect -f '{{.Id}} {{.Name}} {{.State.Running}} {{json .Config.Labels}}' web
inspect -f '{{.NetworkSettings.Ports}}' web
inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' web
inspect -f '{{.HostConfig.Memory}} {{.HostConfig.Binds}} {{.Config.Volumes}} {{.HostConfig.PidsLimit}}' web
inspect -f '{{.Nope' web
inspect -f '{{.Id}}' nothing
inspect --type image web
inspect nothing
container inspect nothing
image inspect -f '{{.RepoTags}} {{.Architecture}} {{.Config.Cmd}}' busybox
image inspect nothing
volume ls
volume ls -q
volume ls --format json
volume inspect shelf
volume inspect nothing
network ls
network inspect bridge -f '{{.Name}} {{.Driver}}'
network inspect nothing
wait failed
wait nothing
start nothing
stop nothing
kill nothing
kill failed
pause failed
rm nothing
rm web
rm -f nothing
rename made failed
rmi nothing
rmi busybox
tag nothing x
tag busybox UPPER
volume rm shelf
volume rm nothing
exec nothing true
exec failed true
exec web nothing
exec web sh -c 'exit 7'
exec -e A=1 -e PATH web env
exec -w /tmp -u 33 web sh -c 'pwd; id -u'
cp web:/tree/file -
cp web:/nothing /tmp
cp nothing:/x /tmp
cp web:/tree/file /nonexistent/directory/
cp a b
cp a:b c:d
commit nothing
export nothing
save nothing
load -i /nonexistent
system df
info --format '{{.ServerVersion}} {{.Driver}} {{.ContainersRunning}}'
events --since 1h --until 0s --filter type=image
run --rm busybox sh -c 'echo hi; echo e >&2; exit 9'
run --rm busybox nothing
run --rm busybox /etc
run --rm -it busybox true
run --rm -e FOO=bar -h me busybox env
run --rm -e HOME -h me busybox env
run --rm -u 1000:1000 -w /tmp busybox sh -c 'id; pwd'
run --rm --entrypoint echo busybox hi
run --rm --entrypoint '' busybox echo hi
run --rm --read-only busybox touch /x
run --rm --network none busybox ip addr
run --rm --network nothing busybox true
run --rm -m 1k busybox true
run --rm -m foo busybox true
run --rm --name web busybox true
run --rm --name 'a b' busybox true
run --rm --pull never nothing true
run --rm -p x busybox true
run --rm --restart always busybox
run --rm --mount type=bind busybox true
run --rm --cap-add FOO busybox true
run --rm --ulimit nofile=1000 busybox sh -c 'ulimit -n'
run --rm --add-host foo:1.2.3.4 busybox grep foo /etc/hosts
run --rm --tmpfs /x busybox df /x
run --rm --device /dev/nothing busybox true
run --rm -v shelf:/a busybox ls /a
create --pull never nothing:1
attach failed
`;

const AGE = /(About an? \w+|Less than a second|\d+ \w+) ago|Up (About an? \w+|Less than a second|\d+ \w+)/g;

/** What names the program, an id of its own or the moment: made alike. The width of a column with ages is a moment's, too. */
function alike({ code, stdout, stderr }: Result): Result {
  const normal = (text: string) => {
    const aged = text.replaceAll(AGE, 'T');
    return (aged === text ? text : aged.replaceAll(/ +/g, ' '))
      .replace(HINT, "See '$1 --help'")
      .replaceAll(/\bdocker\b/g, 'berth')
      .replaceAll(/\b[0-9a-f]{64}\b/g, 'ID');
  };
  return { code, stdout: normal(stdout), stderr: normal(stderr) };
}

const HINT = /(?:S?Run|See) '(?:docker|berth) (.*) --help'( for more information( on a command)?)?\.?/g;

const words = (line: string): string[] =>
  Array.from(line.matchAll(/'([^']*)'|\S+/g), ([whole, quoted]) => quoted ?? whole);

describe('docker and berth agree on', () => {
  for (const line of COMMANDS.trim().split('\n')) {
    it(line, async () => {
      const argv = words(line);
      const [docker, berth] = [await daemon.docker(...argv), await daemon.berth(...argv)];
      assert.deepEqual(alike(berth), alike(docker));
    });
  }
});
