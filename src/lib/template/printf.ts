import { TemplateError } from './errors.ts';
import { print } from './values.ts';

const VERB = /%([-+# 0]*)(\d+|\*)?(?:\.(\d+|\*)?)?([a-zA-Z%])/g;

/** Go's fmt.Sprintf for what templates hold: strings, numbers, booleans, lists and objects. @throws TemplateError */
export function sprintf(format: string, args: readonly unknown[]): string {
  let used = 0;
  const next = () => args[used++];
  const text = format.replace(VERB, (spec, flags: string, width, precision, verb: string) => {
    if (verb === '%') return '%';
    const wanted = width === '*' ? Number(next()) : width === undefined ? 0 : Number(width);
    const dot = spec.includes('.');
    const digits =
      precision === '*'
        ? Number(next())
        : precision === undefined
          ? dot
            ? 0
            : undefined
          : Number(precision);
    if (wanted > 10_000 || (digits ?? 0) > 100)
      throw new TemplateError('printf: width or precision is too large');
    if (used >= args.length) return `%!${verb}(MISSING)`;
    return justify(one(verb, flags, digits, next()), flags, wanted, verb);
  });
  const extra = args.slice(used);
  return extra.length > 0 && used < args.length
    ? `${text}%!(EXTRA ${extra.map((arg) => `${typeOf(arg)}=${print(arg)}`).join(', ')})`
    : text;
}

function one(verb: string, flags: string, digits: number | undefined, arg: unknown): string {
  const bad = () => `%!${verb}(${typeOf(arg)}=${print(arg)})`;
  switch (verb) {
    case 'v':
      return flags.includes('#') && typeof arg === 'string' ? JSON.stringify(arg) : print(arg);
    case 's':
      if (typeof arg === 'number' || typeof arg === 'boolean') return bad();
      return truncated(print(arg), digits);
    case 'q':
      return typeof arg === 'string' ? JSON.stringify(truncated(arg, digits)) : bad();
    case 't':
      return typeof arg === 'boolean' ? String(arg) : bad();
    case 'T':
      return typeOf(arg);
    case 'd':
      return Number.isInteger(arg) ? signed(String(arg), flags) : bad();
    case 'c':
      return Number.isInteger(arg) ? String.fromCodePoint(Number(arg)) : bad();
    case 'x':
    case 'X': {
      const hex =
        typeof arg === 'string'
          ? Buffer.from(arg).toString('hex')
          : Number.isInteger(arg)
            ? Number(arg).toString(16)
            : undefined;
      return hex === undefined ? bad() : verb === 'X' ? hex.toUpperCase() : hex;
    }
    case 'o':
      return Number.isInteger(arg) ? Number(arg).toString(8) : bad();
    case 'b':
      return Number.isInteger(arg) ? Number(arg).toString(2) : bad();
    case 'f':
    case 'F':
      return typeof arg === 'number' ? signed(arg.toFixed(digits ?? 6), flags) : bad();
    case 'e':
      return typeof arg === 'number'
        ? arg.toExponential(digits ?? 6).replace(/e([+-])(\d)$/, 'e$10$2')
        : bad();
    case 'g':
      return typeof arg === 'number'
        ? print(digits === undefined ? arg : Number(arg.toPrecision(digits || 1)))
        : bad();
    default:
      return bad();
  }
}

const truncated = (text: string, length: number | undefined) =>
  length === undefined ? text : Array.from(text).slice(0, length).join('');

function signed(text: string, flags: string): string {
  if (text.startsWith('-')) return text;
  if (flags.includes('+')) return `+${text}`;
  return flags.includes(' ') ? ` ${text}` : text;
}

function justify(text: string, flags: string, width: number, verb: string): string {
  const missing = width - Array.from(text).length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0') || 'sqvT'.includes(verb)) return ' '.repeat(missing) + text;
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}

function typeOf(value: unknown): string {
  if (value === undefined || value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'string' ? 'string' : 'map[string]interface {}';
}
