/**
 * Traffic for the tests, run in some network namespace.
 * `serve PORT[,PORT...] NAME [ADDRESS]`: answers on TCP and UDP, IPv4 and IPv6, with its name and who asked.
 * `echo PORT`: gives back on TCP what it gets.
 * `talk HOST PORT`: one TCP connection between that port and its own standard input and output.
 * `probe JSON`: asks [{protocol, host, port, from?}...], prints the answers or error codes as JSON.
 * `bind JSON`: tries to take ports like any program of the host, prints codes or "ok".
 */
import { createSocket } from 'node:dgram';
import { connect, createServer, isIPv6 } from 'node:net';

interface Probe {
  readonly protocol: 'tcp' | 'udp';
  readonly host: string;
  readonly port: number;
  /** Source port. */
  readonly from?: number;
  /** Source address. */
  readonly source?: string;
  readonly patience?: number;
}

/** Milliseconds. */
const PATIENCE = 1500;
const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);
const plain = (address: string | undefined): string => (address ?? '').replace(/^::ffff:/, '');

async function serve(port: number, name: string, host: string): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(`${name} ${plain(socket.remoteAddress)}`);
  });
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  socket.on('message', (_, from) => socket.send(`${name} ${plain(from.address)}`, from.port, from.address));
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  await new Promise<void>((resolve) => socket.bind(port, host, resolve));
}

async function echo(port: number): Promise<void> {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket));
  await new Promise<void>((resolve) => server.listen(port, '::', resolve));
  console.log('ready');
}

function talk(host: string, port: number): void {
  const socket = connect({ host, port }, () => console.log('ready'));
  process.stdin.pipe(socket).pipe(process.stdout);
  socket.on('error', (error) => console.log(codeOf(error)));
}

function probeTcp({ host, port, source, patience = PATIENCE }: Probe): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      timeout: patience,
      ...(source === undefined ? {} : { localAddress: source }),
    });
    let text = '';
    socket.on('data', (data) => {
      text += data.toString();
    });
    socket.on('timeout', () => socket.destroy(Object.assign(new Error('timeout'), { code: 'TIMEOUT' })));
    socket.on('error', (error) => resolve(codeOf(error)));
    socket.on('end', () => resolve(text));
  });
}

function probeUdp({ host, port, from, patience = PATIENCE }: Probe): Promise<string> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    const done = (text: string) => {
      clearTimeout(timer);
      socket.close();
      resolve(text);
    };
    const timer = setTimeout(() => done('TIMEOUT'), patience);
    socket.on('error', (error) => done(codeOf(error)));
    socket.on('message', (data) => done(data.toString()));
    socket.bind(from ?? 0, () => {
      socket.connect(port, host, (error?: Error) => {
        if (error) done(codeOf(error));
        else socket.send('ping');
      });
    });
  });
}

function take({ protocol, host, port }: Probe): Promise<string> {
  return new Promise((resolve) => {
    if (protocol === 'tcp') {
      const server = createServer();
      server.on('error', (error) => resolve(codeOf(error)));
      server.listen(port, host, () => server.close(() => resolve('ok')));
      return;
    }
    const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', reuseAddr: true });
    socket.on('error', (error) => resolve(codeOf(error)));
    socket.bind(port, host, () => socket.close(() => resolve('ok')));
  });
}

const [, , verb, argument = '', name = 'server', host = '::'] = process.argv;
if (verb === 'serve') {
  await Promise.all(argument.split(',').map((port) => serve(Number(port), name, host)));
  console.log('ready');
} else if (verb === 'echo') {
  await echo(Number(argument));
} else if (verb === 'talk') {
  talk(argument, Number(process.argv[4]));
} else {
  const probes = JSON.parse(argument) as Probe[];
  const ask = (probe: Probe) =>
    verb === 'bind' ? take(probe) : probe.protocol === 'tcp' ? probeTcp(probe) : probeUdp(probe);
  console.log(JSON.stringify(await Promise.all(probes.map(ask))));
}
