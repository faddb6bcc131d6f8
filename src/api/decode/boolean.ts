/** Go's spellings of a boolean; undefined for everything else. */
export function parseBoolean(text: string): boolean | undefined {
  if (/^(?:1|t|true|True|TRUE|T)$/.test(text)) return true;
  return /^(?:0|f|false|False|FALSE|F)$/.test(text) ? false : undefined;
}
