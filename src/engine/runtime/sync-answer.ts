/** The answer on conmon's sync pipe: a pid, or a negative number and what the runtime said. */
export interface SyncAnswer {
  readonly data: number;
  readonly message?: string;
}

/** Undefined when conmon died without an answer. */
export function parseAnswer(line: string): SyncAnswer | undefined {
  if (line === '') return undefined;
  try {
    const answer = JSON.parse(line) as Partial<SyncAnswer>;
    return typeof answer.data === 'number'
      ? { data: answer.data, message: String(answer.message ?? '') }
      : undefined;
  } catch {
    return undefined;
  }
}
