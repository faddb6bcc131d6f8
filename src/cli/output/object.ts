import type { Output } from './output.ts';

/**
 * Prints objects as `inspect` does: an indented JSON list, or each through the template on a line of its own;
 * `json` is every object on one line.
 * @throws TemplateError
 */
export async function printObjects(out: Output, objects: readonly unknown[], format: string): Promise<void> {
  if (format === '') {
    out.line(objects.length === 0 ? '[]' : JSON.stringify(objects, null, 4));
    return;
  }
  const { compileTemplate } = await import('./template/index.ts');
  const template = compileTemplate(format === 'json' ? '{{json .}}' : format);
  for (const object of objects) out.line(template(object));
}

/** One object through a template, ended by a line break. @throws TemplateError */
export async function printObject(out: Output, object: unknown, format: string): Promise<void> {
  await printObjects(out, [object], format);
}
