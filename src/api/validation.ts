import { invalid } from '#lib/errors';
import { type Schema, SchemaError } from '#protocol';

/** Turns a document from the network into what its schema says. @throws invalid naming the field */
export function validate<T>(schema: Schema<T>, document: unknown): T {
  try {
    return schema.decode(document, '');
  } catch (error) {
    if (error instanceof SchemaError) throw invalid(`invalid JSON: ${error.message}`, error);
    throw error;
  }
}

/** @throws invalid */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalid(`invalid JSON: ${reason}`, error);
  }
}
