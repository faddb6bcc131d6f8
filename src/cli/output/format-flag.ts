import { string } from '../flags/flag.ts';

/** `--format` of the list commands. */
export const listFormat = string("'table', 'table TEMPLATE', 'json', or a Go template");

/** `-f, --format` of the inspect commands. */
export const objectFormat = string("'json', or a Go template", { short: 'f' });
