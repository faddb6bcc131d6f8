/** A template, parsed: Go's text/template without `define`, `template` and `block`. */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if' | 'with';
      readonly pipeline: Pipeline;
      readonly body: Block;
      readonly otherwise: Block;
    }
  | { readonly kind: 'range'; readonly pipeline: Pipeline; readonly body: Block; readonly otherwise: Block }
  | { readonly kind: 'break' | 'continue' };

export type Block = readonly Node[];

/** Commands joined by `|`: each one's value is the last argument of the next. */
export interface Pipeline {
  /** `$x :=`, `$x =`, and `$key, $value :=` of a range. */
  readonly variables: readonly string[];
  /** `:=` makes the variables, `=` sets existing ones. */
  readonly declares: boolean;
  readonly commands: readonly Command[];
  readonly line: number;
  /** As written, for error messages. */
  readonly source: string;
}

export type Command = readonly [Operand, ...Operand[]];

export type Operand =
  | { readonly kind: 'dot' }
  | { readonly kind: 'nil' }
  | { readonly kind: 'literal'; readonly value: string | number | boolean }
  /** `.A.B` of the dot, of a variable or of a pipeline in parentheses. */
  | { readonly kind: 'fields'; readonly of: Operand; readonly names: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'pipeline'; readonly pipeline: Pipeline };
