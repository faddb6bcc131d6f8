import { extract } from 'tar-stream';
import { isKind } from '#lib/errors';
import type { Context } from '../../context.ts';
import { Exit } from '../../errors.ts';
import { feed } from '../container/cp/feed.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** `--chown`, its names looked up in the container's files; undefined when nothing was said. @throws Exit */
export async function resolveOwner(
  context: Context,
  container: string,
  text: string,
): Promise<Owner | undefined> {
  if (text === '') return undefined;
  const [user = '', group] = text.split(':', 2);
  const read = (path: string) => readFile(context, container, path);
  return ownerOf(text, {
    passwd: isNumber(user) ? '' : await read('/etc/passwd'),
    group: group === undefined || isNumber(group) ? '' : await read('/etc/group'),
  });
}

/** A number alone stands for the group of that number, too; a name for its user's group. @throws Exit */
export function ownerOf(text: string, files: { readonly passwd: string; readonly group: string }): Owner {
  const [user = '', group, ...more] = text.split(':');
  if (user === '' || group === '' || more.length > 0)
    throw new Exit(1, `invalid --chown ${text}: USER[:GROUP]`);
  const account = isNumber(user) ? [user, '', user, user] : line(files.passwd, user);
  if (!account) throw new Exit(1, `invalid --chown ${text}: there is no user ${user} in the container`);
  const own = group === undefined || isNumber(group) ? [] : line(files.group, group);
  if (!own) throw new Exit(1, `invalid --chown ${text}: there is no group ${group} in the container`);
  const [, , uid, primary] = account;
  const [, , named] = own;
  return { uid: Number(uid), gid: Number(named ?? group ?? primary) };
}

const isNumber = (text: string) => /^\d+$/.test(text);

/** The fields of an account. */
const line = (file: string, name: string): string[] | undefined =>
  file
    .split('\n')
    .map((each) => each.split(':'))
    .find(([first, , id = '']) => first === name && isNumber(id));

/** '' when it is not there. */
async function readFile({ client }: Context, container: string, path: string): Promise<string> {
  try {
    const { tar } = await client.archive.read(container, path);
    const archive = extract();
    const parts: Buffer[] = [];
    const reading = (async () => {
      for await (const entry of archive) {
        for await (const chunk of entry) parts.push(chunk as Buffer);
      }
    })();
    await Promise.all([feed(tar, archive), reading]);
    return Buffer.concat(parts).toString();
  } catch (error) {
    if (isKind(error, 'not-found')) return '';
    throw error;
  }
}
