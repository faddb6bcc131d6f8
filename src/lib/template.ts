/** Go's text/template with Docker's functions: `--format` of the CLI, `tag` of a log driver. */
export { compileTemplate, type Template, TemplateError } from './template/compile.ts';
