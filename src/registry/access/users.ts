import { createHmac, randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { invalid, messageOf } from '#lib/errors';
import { IdleThread } from '#lib/idle-thread';
import { Refusal } from '../errors.ts';
import type { PasswordThread } from './password-thread.ts';
import { ANONYMOUS } from './rules.ts';

/** A bcrypt hash takes long by design: whoever comes when so many wait is sent away. */
const MOST_WAITING = 32;
/** A password that was right is not hashed again for so long. */
const REMEMBER_MS = 5 * 60 * 1000;
const MOST_REMEMBERED = 1000;
/** bcrypt looks at no more bytes. */
const MAX_PASSWORD = 72;
/** Of nobody's password, compared for names that nobody has, so that an answer's time does not tell them. */
const NOBODY = '$2b$10$abcdefghijklmnopqrstuuAJ3pbOGp7oLNGkQhbl4aRIeHXvOxkSa';

/** Names and bcrypt hashes. @throws invalid naming the line */
export function parseHtpasswd(text: string): ReadonlyMap<string, string> {
  const users = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, name = '', hash = ''] =
      /^([^:]+):(\$2[aby]\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53})\s*$/.exec(line) ?? [];
    if (name === '') throw invalid(`line ${index + 1} is not name:hash with a bcrypt hash: use htpasswd -B`);
    if (name === ANONYMOUS || name === '*') throw invalid(`line ${index + 1}: nobody can be called ${name}`);
    users.set(name, hash);
  }
  return users;
}

/** The users of an htpasswd file. A change of the file counts from the next request on. */
export class Users implements AsyncDisposable {
  readonly #path: string;
  readonly #thread = new IdleThread<PasswordThread>(new URL('./password-thread.ts', import.meta.url));
  /** Keyed by what cannot be turned back into a password. */
  readonly #right = new Map<string, number>();
  readonly #secret = randomBytes(32);
  #users: ReadonlyMap<string, string> = new Map();
  #read = '';
  #waiting = 0;

  private constructor(path: string) {
    this.#path = path;
  }

  /** @throws invalid */
  static async open(path: string): Promise<Users> {
    const users = new Users(path);
    await users.#refresh();
    return users;
  }

  /** @throws TOOMANYREQUESTS */
  async verify(name: string, password: string): Promise<boolean> {
    await this.#refresh();
    const hash = this.#users.get(name);
    const key = createHmac('sha256', this.#secret)
      .update(JSON.stringify([name, password, hash]))
      .digest('hex');
    const remembered = this.#right.get(key);
    if (remembered !== undefined && Date.now() - remembered < REMEMBER_MS) return true;
    const matches = await this.#matches(password, hash ?? NOBODY);
    if (!matches || hash === undefined || Buffer.byteLength(password) > MAX_PASSWORD) return false;
    this.#remember(key);
    return true;
  }

  async #matches(password: string, hash: string): Promise<boolean> {
    if (this.#waiting >= MOST_WAITING)
      throw new Refusal('TOOMANYREQUESTS', 'too many passwords are being checked', {
        headers: { 'retry-after': '1' },
      });
    this.#waiting++;
    try {
      return await this.#thread.call('matches', password, hash);
    } finally {
      this.#waiting--;
    }
  }

  #remember(key: string): void {
    if (this.#right.size >= MOST_REMEMBERED) this.#right.clear();
    this.#right.set(key, Date.now());
  }

  /** A file that is wrong, or away for a moment, changes nothing once there was a right one. */
  async #refresh(): Promise<void> {
    try {
      const { mtimeMs, size, ino } = await stat(this.#path);
      const version = `${mtimeMs} ${size} ${ino}`;
      if (version === this.#read) return;
      this.#users = parseHtpasswd(await readFile(this.#path, 'utf8'));
      this.#read = version;
    } catch (error) {
      if (this.#read !== '') return;
      throw invalid(`cannot read the users in ${this.#path}: ${messageOf(error)}`, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread[Symbol.asyncDispose]();
  }
}

/** `name:password` of an Authorization header; undefined when it is no such header. */
export function parseBasic(header: string): { readonly name: string; readonly password: string } | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header) ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}
