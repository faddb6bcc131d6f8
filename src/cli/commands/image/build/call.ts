import type { ProgressMessage } from '#protocol';
import { Exit } from '../../../errors.ts';
import type { Output } from '../../../output/output.ts';

/** What is asked about a Dockerfile: `--call=check,format=json`. */
export interface Call {
  readonly name: 'check' | 'outline' | 'targets';
  readonly json: boolean;
}

export function parseCall(text: string): Call | undefined {
  const [name = '', ...options] = text.split(',');
  if (name === '' || name === 'build') return undefined;
  const known = name === 'lint' ? 'check' : name;
  if (known !== 'check' && known !== 'outline' && known !== 'targets') {
    throw new Exit(1, `invalid --call "${name}": use build, check, outline or targets`);
  }
  const unknown = options.find((option) => !/^format=(?:json|text)$/.test(option));
  if (unknown !== undefined) throw new Exit(1, `invalid option "${unknown}" of --call: use format=json`);
  return { name: known, json: options.includes('format=json') };
}

/** @returns the exit status: 1 when a check found something */
export async function printCall(
  out: Output,
  { name, json }: Call,
  messages: AsyncIterable<ProgressMessage>,
): Promise<number> {
  for await (const { aux, errorDetail, error } of messages) {
    if (errorDetail) throw new Exit(1, errorDetail.message ?? error ?? 'unknown error');
    if (typeof aux !== 'object' || aux === null || !('result.json' in aux && 'result.txt' in aux)) continue;
    const document = String(aux['result.json']);
    if (json) out.line(document);
    else if (name === 'check') out.write(`${summary(document)}\n${String(aux['result.txt'])}`);
    else out.write(String(aux['result.txt']));
    return 'result.statuscode' in aux && aux['result.statuscode'] === '1' ? 1 : 0;
  }
  throw new Exit(1, 'the daemon did not answer');
}

function summary(document: string): string {
  const { warnings = [], buildError } = JSON.parse(document) as { warnings?: object[]; buildError?: object };
  const count = warnings.length === 1 ? '1 warning has' : `${warnings.length} warnings have`;
  if (warnings.length > 0) return `Check complete, ${count} been found!`;
  return buildError ? 'Check failed' : 'Check complete, no warnings found.';
}
