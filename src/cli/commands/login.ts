import { readFileSync } from 'node:fs';
import type { ReadStream } from 'node:tty';
import { messageOf } from '#lib/errors';
import type { AuthConfig } from '#protocol';
import { atMost, defineCommand } from '../command.ts';
import { credentialsFor, helperFor, registryHost, registryKey } from '../config/credentials.ts';
import { updateConfigFile } from '../config/write.ts';
import type { Context } from '../context.ts';
import { Exit } from '../errors.ts';
import { bool, string } from '../flags/flag.ts';
import { isTerminal, rawMode } from '../terminal/terminal.ts';

export const command = defineCommand({
  usage: '[OPTIONS] [SERVER]',
  args: atMost(1),
  flags: {
    password: string('Password', { short: 'p' }),
    'password-stdin': bool('Read the password from STDIN'),
    username: string('User name', { short: 'u' }),
  },
  async run(context, { flags, given, args: [server = 'docker.io'] }) {
    if (given.has('password')) {
      if (flags['password-stdin'])
        throw new Exit(1, 'conflicting options: cannot specify both --password and --password-stdin');
      context.err.line('WARNING! Using --password via the CLI is insecure. Use --password-stdin.');
    }
    if (flags['password-stdin'] && flags.username === '')
      throw new Exit(1, 'the --password-stdin option requires --username to be set');
    const host = registryHost(server);
    const nothingSaid = flags.username === '' && flags.password === '';
    if (nothingSaid && (await loginAsBefore(context, host))) return;
    const username = flags.username || (await ask(context, 'Username: ', false));
    if (username === '') throw new Exit(1, 'username is empty');
    const password = flags['password-stdin']
      ? readFileSync(0, 'utf8').replace(/\r?\n$/, '')
      : flags.password || (await ask(context, 'Password: ', true));
    if (password === '') throw new Exit(1, 'password is empty');
    await logIn(context, host, { username, password });
  },
});

/** With what was kept of an earlier login. False when there is nothing, or it is not taken any more. */
async function loginAsBefore(context: Context, host: string): Promise<boolean> {
  const known = await credentialsFor(context, host);
  if (!known) return false;
  context.out.line('Authenticating with existing credentials...');
  try {
    await logIn(context, host, known);
    return true;
  } catch (error) {
    context.err.line(`Login did not succeed, error: ${messageOf(error)}`);
    return false;
  }
}

async function logIn(context: Context, host: string, auth: AuthConfig): Promise<void> {
  const key = registryKey(host);
  const { Status, IdentityToken } = await context.client.system.login({ ...auth, serveraddress: key });
  const token = IdentityToken || auth.identitytoken;
  const { username = '', password = '' } = auth;
  const kept = token ? { username: '<token>', secret: token } : { username, secret: password };
  await store(context, host, kept);
  context.out.line(Status || 'Login Succeeded');
}

async function store(
  context: Context,
  host: string,
  { username, secret }: { username: string; secret: string },
): Promise<void> {
  const key = registryKey(host);
  const helper = helperFor(context.config, host);
  if (helper !== undefined) {
    const { storeCredentials } = await import('../config/credential-helper.ts');
    await storeCredentials(helper, key, { Username: username, Secret: secret });
    await updateConfigFile(context.configDirectory, (config) => {
      config.auths = { ...config.auths, [key]: {} };
    });
    return;
  }
  context.err.line(
    `\nWARNING! Your credentials are stored unencrypted in '${context.configDirectory}/config.json'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n`,
  );
  const auth = Buffer.from(`${username}:${secret}`).toString('base64');
  const entry = username === '<token>' ? { auth: '', identitytoken: secret } : { auth };
  await updateConfigFile(context.configDirectory, (config) => {
    config.auths = { ...config.auths, [key]: entry };
  });
}

/** A line from the terminal; a secret one is not shown. */
async function ask({ err }: Context, prompt: string, secret: boolean): Promise<string> {
  if (!(await isTerminal(0)))
    throw new Exit(
      1,
      'cannot ask for credentials: STDIN is no terminal. Use --username and --password-stdin',
    );
  err.write(prompt);
  const stdin = process.stdin as ReadStream;
  using _raw = secret ? rawMode(stdin) : undefined;
  const line = await readLine(stdin);
  if (secret) err.line();
  return line;
}

function readLine(stdin: ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let line = '';
    const done = (outcome: () => void) => {
      stdin.off('data', onData).off('end', onEnd).pause();
      outcome();
    };
    const onEnd = () => done(() => resolve(line));
    const onData = (chunk: Buffer) => {
      for (const character of chunk.toString()) {
        if (character === '\r' || character === '\n' || character === '\x04')
          return done(() => resolve(line));
        if (character === '\x03') return done(() => reject(new Exit(130)));
        line = character === '\x7f' || character === '\b' ? line.slice(0, -1) : line + character;
      }
    };
    stdin.on('data', onData).on('end', onEnd).resume();
  });
}
