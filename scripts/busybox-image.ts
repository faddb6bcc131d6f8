import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';

const DIRECTORIES = [
  'bin',
  'dev',
  'etc',
  'home',
  'proc',
  'root',
  'run',
  'sbin',
  'sys',
  'tmp',
  'usr',
  'usr/bin',
  'usr/sbin',
  'var',
  'www',
];

const FILES: Record<string, string> = {
  'etc/passwd':
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\nwww:x:33:33:www:/www:/bin/false\n',
  'etc/group': 'root:x:0:\nnogroup:x:65534:\nwww:x:33:\n',
  'etc/shells': '/bin/sh\n',
  'www/index.html': '<!doctype html>\n<title>Berth</title>\n<h1>Hello from a container</h1>\n',
};

/** The root file system of a small image, made from Debian's busybox-static: every applet is a hard link to it. */
export async function busyboxRootfs(busybox = '/bin/busybox'): Promise<Buffer> {
  const applets = execFileSync(busybox, ['--list-full'], { encoding: 'utf8' }).trim().split('\n');
  const tar = pack();
  const mtime = new Date(0);
  for (const name of DIRECTORIES)
    tar.entry({ name: `${name}/`, type: 'directory', mode: name === 'tmp' ? 0o1777 : 0o755, mtime });
  tar.entry({ name: 'bin/busybox', mode: 0o755, mtime }, readFileSync(busybox));
  for (const name of applets) {
    if (name !== 'bin/busybox')
      tar.entry({ name, type: 'link', linkname: 'bin/busybox', mode: 0o755, mtime });
  }
  for (const [name, content] of Object.entries(FILES)) tar.entry({ name, mode: 0o644, mtime }, content);
  tar.finalize();
  return buffer(tar);
}

if (import.meta.main) process.stdout.write(await busyboxRootfs());
