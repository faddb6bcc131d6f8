/** A template that cannot be read or carried out. `message` begins as Go's do: `template: :1: ...`. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}
