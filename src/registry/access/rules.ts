import { matches } from '../content/pattern.ts';

export const RIGHTS = ['pull', 'push', 'delete'] as const;
export type Right = (typeof RIGHTS)[number];

/** Whoever has shown no credentials: what he may, everybody may. */
export const ANONYMOUS = 'anonymous';
/** Whoever has. */
export const EVERY_USER = '*';

export interface Rule {
  /** Names, `*` for every user, `anonymous` for everybody. */
  readonly users: readonly string[];
  /** Patterns of repository names: `team/*`. */
  readonly repositories: readonly string[];
  readonly rights: readonly Right[];
}

/** Users may everything where nobody has said who may what. */
export const DEFAULT_RULES: readonly Rule[] = [{ users: [EVERY_USER], repositories: ['*'], rights: RIGHTS }];

/** What rules allow adds up; nothing else is allowed. `user` is undefined for who has shown no credentials. */
export function allows(
  rules: readonly Rule[],
  user: string | undefined,
  repository: string,
  right: Right,
): boolean {
  const names = user === undefined ? [ANONYMOUS] : [ANONYMOUS, EVERY_USER, user];
  return rules.some(
    ({ users, repositories, rights }) =>
      rights.includes(right) &&
      users.some((name) => names.includes(name)) &&
      repositories.some((pattern) => matches(pattern, repository)),
  );
}
